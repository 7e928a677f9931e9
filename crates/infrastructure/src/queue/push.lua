-- Pushes jobs in apalis's layout, straight into the list of jobs to be run: apalis's own push puts every job into
-- its set of scheduled ones, which is moved with one `unpack` and so breaks when a few thousand have gathered.
--
-- KEYS: data hash, list of active jobs, signal list, prefix of metadata, prefix of idempotency keys
-- ARGV: time to live of idempotency keys in seconds, channel to wake workers on, then id, key, body of each job
local pushed = 0
for i = 3, #ARGV, 3 do
    local id, key, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if redis.call('set', KEYS[5] .. ':' .. key, id, 'NX', 'EX', ARGV[1])
        and redis.call('hsetnx', KEYS[1], id, body) == 1 then
        redis.call('hset', KEYS[4] .. ':' .. id,
            'attempts', 0, 'max_attempts', 1, 'status', 'Pending', 'idempotency_key', key)
        redis.call('rpush', KEYS[2], id)
        pushed = pushed + 1
    end
end
if pushed > 0 then
    redis.call('del', KEYS[3])
    redis.call('lpush', KEYS[3], 1)
    redis.call('publish', ARGV[2], pushed)
end
return pushed

-- Forgets finished jobs, a batch at a time. apalis's own vacuum reads all jobs, and leaves their ids in the sets.
--
-- KEYS: set of finished jobs, data hash, prefix of metadata
-- ARGV: how many at most
local ids = redis.call('spop', KEYS[1], ARGV[1])
for _, id in ipairs(ids) do
    redis.call('hdel', KEYS[2], id)
    redis.call('del', KEYS[3] .. ':' .. id)
end
return #ids

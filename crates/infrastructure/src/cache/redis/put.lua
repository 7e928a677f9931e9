-- Writes KEYS[1] and tells every instance. ARGV: value, time to live in ms, age of the write in microseconds, channel,
-- the key as instances know it. Values are kept as `<stamp>:<value>`; the stamp of a write is the moment it was made
-- at. A write that comes late, because Redis was away, must not overrule one that was made after it: the moments
-- decide. They are the server's time less the write's age, so that the clocks of the instances do not matter.
local time = redis.call('TIME')
local made_at = tonumber(time[1]) * 1000000 + tonumber(time[2]) - tonumber(ARGV[3])
local held_at = tonumber(string.match(redis.call('GETRANGE', KEYS[1], 0, 31), '^(%d+)') or 0)
if held_at > made_at then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', made_at) .. ':' .. ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1

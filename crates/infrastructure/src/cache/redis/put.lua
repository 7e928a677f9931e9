-- Writes KEYS[1] and tells every instance. ARGV: value, time to live in ms, when the write was made in microseconds of
-- this server's time (empty where that is not known), its age in microseconds (where it is not), channel, the key as
-- instances know it. Values are kept as `<stamp>:<value>`; the stamp of a write is the moment it was made at. A write
-- that comes late, because Redis was away, must not overrule one that was made after it: the moments decide. They are
-- in the server's time, so that the clocks of the instances do not matter. Answers
-- the server's time in microseconds.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local made_at = tonumber(ARGV[3]) or now - tonumber(ARGV[4])
local held_at = tonumber(string.match(redis.call('GETRANGE', KEYS[1], 0, 31), '^(%d+)') or 0)
if held_at > made_at then return now end
redis.call('SET', KEYS[1], string.format('%.0f', made_at) .. ':' .. ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return now

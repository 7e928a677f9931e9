-- Writes KEYS[1] and tells every instance. ARGV: value, time to live in ms, age of the write in microseconds, channel,
-- the key as instances know it. Values are kept as `<moment of the write>:<value>`. A write that comes late, because
-- Redis was away, must not overrule one that was made after it: the moments decide. They are the server's time less
-- the write's age, so that the clocks of the instances do not matter.
local time = redis.call('TIME')
local made_at = tonumber(time[1]) * 1000000 + tonumber(time[2]) - tonumber(ARGV[3])
local held = redis.call('GET', KEYS[1])
if held then
  local held_at = tonumber(string.match(held, '^(%d+):') or 0)
  if held_at > made_at then return 0 end
end
redis.call('SET', KEYS[1], string.format('%.0f', made_at) .. ':' .. ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1

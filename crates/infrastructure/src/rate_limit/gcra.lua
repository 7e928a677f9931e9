-- One request against one key. KEYS[1] holds the theoretical arrival time (TAT) in microseconds: when the quota is full
-- again. ARGV: microseconds per request, quota. Answers {allowed, remaining, reset_after in microseconds}.
-- The time is the server's, so that the clocks of the instances do not matter.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval = tonumber(ARGV[1])
local full = interval * tonumber(ARGV[2])
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
if tat < now then tat = now end
local next = tat + interval
local debt = next - now
if debt > full then
  return {0, 0, debt - full}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil(debt / 1000))
return {1, math.floor((full - debt) / interval), debt}

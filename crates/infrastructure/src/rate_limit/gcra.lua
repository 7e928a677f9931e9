-- Some requests against one key. KEYS[1] holds the theoretical arrival time (TAT) in microseconds: when the quota is full
-- again. ARGV: microseconds per request, quota, how many are wanted. Answers {granted, remaining, reset_after in
-- microseconds}: as many are granted as the quota has, up to what is wanted; when none is, the next one is in reset_after.
-- The time is the server's, so that the clocks of the instances do not matter.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval = tonumber(ARGV[1])
local full = interval * tonumber(ARGV[2])
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
if tat < now then tat = now end
local granted = math.min(tonumber(ARGV[3]), math.floor((now + full - tat) / interval))
if granted < 1 then
  return {0, 0, tat + interval - now - full}
end
local debt = tat + granted * interval - now
redis.call('SET', KEYS[1], string.format('%.0f', tat + granted * interval), 'PX', math.ceil(debt / 1000))
return {granted, math.floor((full - debt) / interval), debt}

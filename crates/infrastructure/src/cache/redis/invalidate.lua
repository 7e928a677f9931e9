-- Takes the values of all KEYS away and tells every instance in one message. ARGV: channel, time to live in ms, the
-- keys as instances know them. What stays is a stamp without a value, and every stamp is higher than the one before,
-- whatever the clock does: who looked earlier cannot fill any more. It must outlive the slowest reader.
-- Answers the server's time in microseconds.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
for _, key in ipairs(KEYS) do
  local held = tonumber(string.match(redis.call('GETRANGE', key, 0, 31), '^(%d+)') or 0)
  redis.call('SET', key, string.format('%.0f', math.max(now, held + 1)), 'PX', ARGV[2])
end
redis.call('PUBLISH', ARGV[1], table.concat(ARGV, '\n', 3))
return now

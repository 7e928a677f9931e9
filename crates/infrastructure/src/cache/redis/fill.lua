-- Writes KEYS[1], if it is as the reader found it: without a value, and with the same stamp. ARGV: value, time to live
-- in ms, the stamp that the reader saw (0 where there was nothing). The stamp stays, so that whatever overruled what
-- the reader saw overrules this too.
local held = redis.call('GETRANGE', KEYS[1], 0, 31)
if string.find(held, ':', 1, true) then return 0 end
if (string.match(held, '^(%d+)') or '0') ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[3] .. ':' .. ARGV[1], 'PX', ARGV[2])
return 1

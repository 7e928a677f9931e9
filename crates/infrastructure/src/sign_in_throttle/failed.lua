-- Counts an attempt to sign in that failed. KEYS: the pair, the mark of a familiar pair, the address, the account. ARGV:
-- for the pair, and then for the address, the failures that cost nothing, the first pause, the longest pause and the
-- time in which a failure is forgotten; then that time for the account. All times in milliseconds.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function count(key, free, first, longest, forget)
  local failures, since = string.match(redis.call('GET', key) or '', '^(%d+):(%d+):')
  failures, since = tonumber(failures or 0), tonumber(since or now)
  local forgotten = math.floor(math.max(now - since, 0) / forget)
  if forgotten >= failures then
    failures, since = 0, now
  else
    failures, since = failures - forgotten, since + forgotten * forget
  end
  failures = failures + 1
  local pause = 0
  if failures > free then pause = math.min(first * 2 ^ math.min(failures - free - 1, 30), longest) end
  local stay = math.max(since + failures * forget - now, pause)
  redis.call('SET', key, string.format('%.0f:%.0f:%.0f', failures, since, now + pause), 'PX', string.format('%.0f', stay))
end

local function argument(n) return tonumber(ARGV[n]) end

count(KEYS[1], argument(1), argument(2), argument(3), argument(4))
if redis.call('EXISTS', KEYS[2]) == 0 then
  count(KEYS[3], argument(5), argument(6), argument(7), argument(8))
  count(KEYS[4], math.huge, 0, 0, argument(9))
end
return 1

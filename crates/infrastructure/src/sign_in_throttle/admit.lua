-- Whether an attempt to sign in may be made. KEYS: the pair, the mark of a familiar pair, the address, the account, the
-- mark that its owner was told. ARGV: how many failures lock an account, the time in which it forgets one, how long the
-- last mark stays; times in milliseconds. Answers {0, 0, 0} for yes, {1, for how long not, 0} for a pause, and {2, for
-- how long not, 1 if the owner was not told lately} for a locked account. Counters are `<failures>:<since>:<paused until>`.
-- The time is the server's, so that the clocks of the instances do not matter.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function pause_of(key)
  local till = string.match(redis.call('GET', key) or '', '^%d+:%d+:(%d+)$')
  return math.max(tonumber(till or 0) - now, 0)
end

local pause = pause_of(KEYS[1])
if redis.call('EXISTS', KEYS[2]) == 0 then
  local failures, since = string.match(redis.call('GET', KEYS[4]) or '', '^(%d+):(%d+):')
  local over = tonumber(failures or 0) - tonumber(ARGV[1]) + 1
  if over > 0 then
    local opens = tonumber(since or now) + over * tonumber(ARGV[2])
    if opens > now then
      local unheard = redis.call('SET', KEYS[5], '1', 'PX', ARGV[3], 'NX')
      return {2, opens - now, unheard and 1 or 0}
    end
  end
  pause = math.max(pause, pause_of(KEYS[3]))
end
if pause > 0 then return {1, pause, 0} end
return {0, 0, 0}

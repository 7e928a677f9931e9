-- Sends the requests of a file through wrk: driver.lua <file> random|listed <threads> <series> [statuses]
local threads = {}
-- Replaced by a number that no other request of the run has, of the same width.
local placeholder = "############"

-- Touches no thread but its own: those before it are already running.
function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  raw = {}
  local file = assert(io.open(args[1], "rb"))
  while true do
    local length = file:read("*n")
    if not length then break end
    file:read(1)
    local bytes = file:read(length)
    local first, last = string.find(bytes, placeholder, 1, true)
    raw[#raw + 1] = first and { bytes:sub(1, first - 1), bytes:sub(last + 1) } or bytes
  end
  file:close()
  listed = args[2] == "listed"
  total = tonumber(args[3])
  series = args[4]
  sent = 0
  math.randomseed(4711 + number)
  seen = ""
  if args[5] == "statuses" then
    -- Only when asked for: it makes wrk take every answer's head apart.
    local counts = {}
    function response(status)
      if status >= 400 then
        counts[status] = (counts[status] or 0) + 1
        local parts = {}
        for known, count in pairs(counts) do
          parts[#parts + 1] = string.format('"%d":%d', known, count)
        end
        seen = table.concat(parts, ",")
      end
    end
  end
end

function request()
  local at = sent * total + number
  sent = sent + 1
  local chosen = listed and raw[at % #raw + 1] or raw[math.random(#raw)]
  if type(chosen) == "string" then return chosen end
  return chosen[1] .. series .. string.format("%08d", at) .. chosen[2]
end

function done(summary, latency)
  local statuses = {}
  -- wrk asks the first thread for a request that it only looks at.
  local unanswered = -1 - summary.requests
  for _, thread in ipairs(threads) do
    statuses[#statuses + 1] = "{" .. thread:get("seen") .. "}"
    unanswered = unanswered + thread:get("sent")
  end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"micros":%d,"p50":%d,"p95":%d,"p99":%d,"max":%d,'
      .. '"connection":%d,"timeout":%d,"refused":%d,"unanswered":%d,"statuses":[%s]}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    latency.max, errors.connect + errors.read + errors.write, errors.timeout, errors.status,
    math.max(unanswered, 0), table.concat(statuses, ",")))
end

"""The decision over several limits as one script, which Redis runs without anything in between."""

REDIS_TIME = """
local told = redis.call('TIME')
local now = told[1] * 1000000 + told[2]
"""
"""The server's own clock, in microseconds: processes whose clocks differ agree by it."""

# The same counter as in `sliding.py`, kept as one string: the total, then twelve bytes for each entry. ARGV
# has the number of sub-windows, then the limit and the window of each key.
_TAKE = """
local sub_windows = tonumber(ARGV[1])
local counters, allowed, answer = {}, 1, {}
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local raw = redis.call('GET', key) or ''
  local total, first, shifted = 0, 5, false
  if #raw > 4 then
    total = struct.unpack('<I4', raw)
    local last = struct.unpack('<d', raw, #raw - 11)
    if last > now then
      local parts = { string.sub(raw, 1, 4) }
      for at = 5, #raw, 12 do
        local stamp, count = struct.unpack('<dI4', raw, at)
        parts[#parts + 1] = struct.pack('<dI4', stamp - (last - now), count)
      end
      raw, shifted = table.concat(parts), true
    end
    while first < #raw do
      local stamp, count = struct.unpack('<dI4', raw, first)
      if stamp + window > now then break end
      total, first = total - count, first + 12
    end
  end
  if total >= limit then allowed = 0 end
  counters[i] = { limit, window, total, string.sub(raw, first), shifted }
end
answer[1] = allowed
for i, key in ipairs(KEYS) do
  local limit, window, total, entries, shifted = unpack(counters[i])
  if allowed == 1 then
    local kept, count = entries, 1
    if limit > sub_windows and #entries > 0 then
      local stamp, before = struct.unpack('<dI4', entries, #entries - 11)
      local width = window / sub_windows
      if math.floor(stamp / width) == math.floor(now / width) then
        kept, count = string.sub(entries, 1, #entries - 12), before + 1
      end
    end
    total, entries = total + 1, kept .. struct.pack('<dI4', now, count)
  end
  if allowed == 1 or shifted then
    redis.call('SET', key, struct.pack('<I4', total) .. entries, 'PX', math.ceil(window / 1000) + 1000)
  end
  local wait = 0
  if total >= limit then
    wait = window
    local over, at = total - limit, 1
    while limit > 0 do
      local stamp, count = struct.unpack('<dI4', entries, at)
      if over < count then
        wait = stamp + window - now
        break
      end
      over, at = over - count, at + 12
    end
  end
  answer[2 * i], answer[2 * i + 1] = total, math.ceil(wait)
end
return answer
"""


def take_script(now: str) -> str:
    """Give the script; `now` is Lua that sets `now`."""
    return now + _TAKE

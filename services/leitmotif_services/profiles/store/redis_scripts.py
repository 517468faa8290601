"""The Lua scripts of the Redis store. Each runs as one atomic step; all keys of a call share one hash slot.

Keys, in this order, of one user: profile, edits, events, event ids, heard, request ids, exclusions, presets, and where named one
kept answer. Kept answers are found through their index as well; they share the slot of the other keys, so naming them within a
script is safe in a cluster.
"""

from hashlib import sha1


class Script:
    """A script and the digest that Redis caches it under. One that `writes` can be waited for until replicas have it."""

    def __init__(self, text: str, *, writes: bool = True) -> None:
        self.text = text
        self.writes = writes
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


_ERASE = """
local function erase(base)
  local erased = 0
  -- pcall: a damaged index must not stand in the way of erasing.
  for _, id in ipairs(redis.pcall('ZRANGE', KEYS[6], 0, -1)) do
    erased = erased + redis.call('UNLINK', base .. 'requests:' .. id)
  end
  return erased + redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8])
end
-- Whoever may not publish can still write.
local function tell(base, etag) redis.pcall('PUBLISH', base .. 'changed', etag) end
"""

COMMIT = Script(
    _ERASE
    + """
-- KEYS: profile, edits, events, event ids, heard, request ids, exclusions, presets, answer
-- ARGV: 1 expected version bytes ('' for no profile), 2 new profile, 3 first and 4 last place of version bytes, 5 new etag,
--       6 beginning of the user's keys, 7 '1' to erase everything first, 8 ms until an inactive user expires (0 never),
--       9 request id ('' for none), 10 answer, 11 now in ms, 12 ms an answer is kept, 13 answers kept,
--       14 exclusions ('' to leave them, '0' for none),
--       15 number of edits, 16 edits kept,
--       17 number of event blocks, 18 '1' where they begin with the events of the open block, 19 oldest sequence kept,
--       20 number of buckets, 21 number of presets to keep, 22 to forget;
--       then edits, blocks, buckets and marks by turns, ids and values of presets by turns, ids of presets.
-- Returns 1 when written (now, or by an earlier try of the very same commit), 0 when the profile has another version.
local base = ARGV[6]
local head = redis.call('GETRANGE', KEYS[1], ARGV[3], ARGV[4])
if head ~= ARGV[1] then
  if head == string.sub(ARGV[2], ARGV[3] + 1, ARGV[4] + 1) then return 1 end
  return 0
end
local edits, blocks, buckets = tonumber(ARGV[15]), tonumber(ARGV[17]), tonumber(ARGV[20])
local kept, forgotten = tonumber(ARGV[21]), tonumber(ARGV[22])
local expires = tonumber(ARGV[8])
local stays = true
if ARGV[1] == '' or ARGV[7] == '1' then
  erase(base)
else
  -- A key of another type is told before anything is written, or by the very first write.
  if blocks > 0 then
    redis.call('LLEN', KEYS[3])
    redis.call('HLEN', KEYS[4])
  end
  if ARGV[9] ~= '' then redis.call('ZCARD', KEYS[6]) end
  if kept + forgotten > 0 then redis.call('HLEN', KEYS[8]) end
  stays = redis.call('PTTL', KEYS[1]) < 0
end
local at = 22
local function push(key, count)
  local length = 0
  for first = at + 1, at + count, 1000 do
    length = redis.call('RPUSH', key, unpack(ARGV, first, math.min(first + 999, at + count)))
  end
  at = at + count
  return length
end

if push(KEYS[2], edits) > tonumber(ARGV[16]) then redis.call('LTRIM', KEYS[2], -ARGV[16], -1) end
redis.call('SET', KEYS[1], ARGV[2])
if blocks > 0 then
  if ARGV[18] == '1' then redis.call('RPOP', KEYS[3]) end
  push(KEYS[3], blocks)
  redis.call('UNLINK', KEYS[5])
  local oldest = tonumber(ARGV[19])
  for each = at + 1, at + 2 * buckets, 2 do
    -- Marks come in the order of their sequences.
    local marks, from = redis.call('HGET', KEYS[4], ARGV[each]) or '', 1
    while from < #marks and struct.unpack('>I6', marks, from + 7) < oldest do from = from + 13 end
    redis.call('HSET', KEYS[4], ARGV[each], string.sub(marks, from) .. ARGV[each + 1])
  end
  at = at + 2 * buckets
  local forgotten = false
  while true do
    local entry = redis.call('LINDEX', KEYS[3], 0)
    if not entry then break end
    if string.byte(entry) == 2 then
      local _, count, gone_before, first = struct.unpack('>BHHI8', entry)
      local gone = math.min(count, oldest - first)
      if gone <= gone_before then break end
      forgotten = true
      if gone < count then
        redis.call('LSET', KEYS[3], 0, string.sub(entry, 1, 3) .. struct.pack('>H', gone) .. string.sub(entry, 6))
        break
      end
    else
      local event = cmsgpack.unpack(entry)
      if event[2] >= oldest then break end
      redis.call('HDEL', KEYS[4], event[3])
    end
    redis.call('LPOP', KEYS[3])
  end
  if forgotten and redis.call('EXISTS', KEYS[4]) == 1 then redis.call('HSET', KEYS[4], '\\0', ARGV[19]) end
end
if ARGV[14] == '0' then
  redis.call('UNLINK', KEYS[7])
elseif ARGV[14] ~= '' then
  redis.call('SET', KEYS[7], ARGV[14])
end
for each = at + 1, at + 2 * kept, 2 do redis.call('HSET', KEYS[8], ARGV[each], ARGV[each + 1]) end
at = at + 2 * kept
for each = at + 1, at + forgotten do redis.call('HDEL', KEYS[8], ARGV[each]) end
if ARGV[9] ~= '' then
  redis.call('SET', KEYS[9], ARGV[10], 'PX', ARGV[12])
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', ARGV[11])
  redis.call('ZADD', KEYS[6], ARGV[11] + ARGV[12], ARGV[9])
  redis.call('PEXPIRE', KEYS[6], ARGV[12])
  if redis.call('ZCARD', KEYS[6]) > tonumber(ARGV[13]) then
    redis.call('UNLINK', base .. 'requests:' .. redis.call('ZPOPMIN', KEYS[6])[1])
  end
end
if expires > 0 then
  -- The same moment for all, so that the profile goes as a whole.
  local now = redis.call('TIME')
  local moment = now[1] * 1000 + math.floor(now[2] / 1000) + expires
  for _, each in ipairs({1, 2, 3, 4, 7, 8}) do redis.call('PEXPIREAT', KEYS[each], string.format('%d', moment)) end
elseif not stays then
  for _, each in ipairs({2, 3, 4, 7, 8}) do redis.call('PERSIST', KEYS[each]) end
end
tell(base, ARGV[5])
return 1
"""
)
"""Compare the version, and write everything that belongs to a change."""

READ_EDITS = Script(
    """
-- KEYS: an edit log. ARGV: first and last sequence. Returns the entries in between, ascending.
local oldest = redis.call('LINDEX', KEYS[1], 0)
if not oldest then return {} end
local base = cmsgpack.unpack(oldest)[2]
if tonumber(ARGV[2]) < base then return {} end
return redis.call('LRANGE', KEYS[1], math.max(0, ARGV[1] - base), ARGV[2] - base)
""",
    writes=False,
)
"""Sequences in a log have no gaps, so that the oldest one tells where each is."""

READ_EVENTS = Script(
    """
-- KEYS: an event log. ARGV: first and last sequence. Returns the entries that hold any event in between, ascending.
local found = {}
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local first, last
  if string.byte(entry) == 2 then
    local _, count, _, sequence = struct.unpack('>BHHI8', entry)
    first, last = sequence, sequence + count - 1
  else
    first = cmsgpack.unpack(entry)[2]
    last = first
  end
  if first > tonumber(ARGV[2]) then break end
  if last >= tonumber(ARGV[1]) then found[#found + 1] = entry end
end
return found
""",
    writes=False,
)
"""A full log has about 80 blocks."""

DELETE = Script(
    _ERASE
    + """
-- KEYS: profile, edits, events, event ids, heard, request ids, exclusions, presets. ARGV: the beginning of the user's keys.
local erased = erase(ARGV[1])
if erased > 0 then tell(ARGV[1], '') end
return erased
"""
)
"""Erase every key of a user; returns how many there were."""

KEEP_SPACE = Script("""
-- KEYS: a prototype space, the latest version.
-- ARGV: SHA-1 of the value that is to be there ('' for none), the value to keep ('' to leave what is there), the model version.
-- Returns 1 when done, 0 where another value is there.
local value = redis.call('GET', KEYS[1])
if (value and redis.sha1hex(value) or '') ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2]) end
redis.call('SET', KEYS[2], ARGV[3])
return 1
""")
"""Put a prototype space in place of the one that was read."""

"""The Lua scripts of the Redis store. Each runs as one atomic step; all keys of a call share one hash slot.

Keys, in this order, of one user: profile, edits, events, event ids, heard, request ids, and where named one kept answer.
"""

from hashlib import sha1


class Script:
    """A script and the digest that Redis caches it under."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


COMMIT = Script("""
-- KEYS: profile, edits, events, event ids, heard, request ids, answer
-- ARGV: 1 expected version head ('' for no profile), 2 new profile, 3 length of a version head,
--       4 edit ('' for none), 5 edits kept, 6 events kept,
--       7 request id ('' for none), 8 answer, 9 now in ms, 10 ms an answer is kept, 11 answers kept, 12 answer key's beginning,
--       then for each event: event id, track id, sequence, time in us, encoded event
-- Returns 1 when written (now, or by an earlier try of the very same commit), 0 when the profile has another version.
local head = redis.call('GETRANGE', KEYS[1], 0, ARGV[3] - 1)
if head ~= ARGV[1] then
  if head == string.sub(ARGV[2], 1, ARGV[3]) then return 1 end
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
if ARGV[4] ~= '' and redis.call('RPUSH', KEYS[2], ARGV[4]) > tonumber(ARGV[5]) then
  redis.call('LPOP', KEYS[2])
end
if ARGV[7] ~= '' then
  redis.call('SET', KEYS[7], ARGV[8], 'PX', ARGV[10])
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', ARGV[9])
  redis.call('ZADD', KEYS[6], ARGV[9] + ARGV[10], ARGV[7])
  redis.call('PEXPIRE', KEYS[6], ARGV[10])
  if redis.call('ZCARD', KEYS[6]) > tonumber(ARGV[11]) then
    redis.call('DEL', ARGV[12] .. redis.call('ZPOPMIN', KEYS[6])[1])
  end
end
for at = 13, #ARGV, 5 do
  local track, sequence, time = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  redis.call('HSET', KEYS[4], ARGV[at], '')
  redis.call('RPUSH', KEYS[3], ARGV[at + 4])
  local known = redis.call('HGET', KEYS[5], track)
  if known then
    local known_time = string.match(known, ':(.*)')
    if tonumber(known_time) > tonumber(time) then time = known_time end
  end
  redis.call('HSET', KEYS[5], track, sequence .. ':' .. time)
end
if #ARGV > 12 then
  for _ = 1, redis.call('LLEN', KEYS[3]) - ARGV[6] do
    local event = cmsgpack.unpack(redis.call('LPOP', KEYS[3]))
    redis.call('HDEL', KEYS[4], event[3])
    local known = redis.call('HGET', KEYS[5], event[4])
    if known and tonumber(string.match(known, '(.*):')) <= event[2] then redis.call('HDEL', KEYS[5], event[4]) end
  end
end
return 1
""")
"""Compare the version, and write everything that belongs to a change."""

READ_LOG = Script("""
-- KEYS: one log (edits or events). ARGV: first and last sequence. Returns the entries in between, ascending.
local oldest = redis.call('LINDEX', KEYS[1], 0)
if not oldest then return {} end
local base = cmsgpack.unpack(oldest)[2]
if tonumber(ARGV[2]) < base then return {} end
return redis.call('LRANGE', KEYS[1], math.max(0, ARGV[1] - base), ARGV[2] - base)
""")
"""Sequences in a log have no gaps, so that the oldest one tells where each is."""

DELETE = Script("""
-- KEYS: profile, edits, events, event ids, heard, request ids. ARGV: the beginning of the keys of kept answers.
-- Answers are found through their index: they share the slot of the other keys, so naming them here is safe in a cluster.
-- pcall: a damaged index must not stand in the way of erasing.
local erased = 0
local ids = redis.pcall('ZRANGE', KEYS[6], 0, -1)
for _, id in ipairs(ids) do
  erased = erased + redis.call('DEL', ARGV[1] .. id)
end
return erased + redis.call('DEL', unpack(KEYS))
""")
"""Erase every key of a user; returns how many there were."""

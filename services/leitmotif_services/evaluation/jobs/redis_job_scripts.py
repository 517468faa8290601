"""The atomic steps of a job in Redis, in Lua.

Keys, all below one prefix with one hash tag, so that a cluster keeps them together:
`job:<id>` hash, `text:<id>` the text of a job that came with its request, `queue` stream of job ids (group `workers`),
`jobs` and `jobs:<STATE>` sorted sets of job ids in order of time, `ended` job ids by the time of their end (ms),
`request:<digest>` digest and job of a request id. Channel `changed:<id>`: the job changed.

Each script takes KEYS = {queue} and ARGV = {prefix, job id, …}, and bears being repeated after its answer was lost.
"""

GROUP = "workers"

_COMMON = """
local prefix, id = ARGV[1], ARGV[2]
local queue, job = KEYS[1], ARGV[1] .. 'job:' .. ARGV[2]
local function become(state)
  local old = redis.call('HGET', job, 'state')
  if old then redis.call('ZREM', prefix .. 'jobs:' .. old, id) end
  redis.call('ZADD', prefix .. 'jobs:' .. state, 0, id)
  redis.call('HSET', job, 'state', state)
end
local function tell() redis.call('PUBLISH', prefix .. 'changed:' .. id, '') end
local function drop_entry(entry)
  if not entry then return end
  redis.call('XACK', queue, 'workers', entry)
  redis.call('XDEL', queue, entry)
end
local function enqueue() redis.call('HSET', job, 'entry', redis.call('XADD', queue, '*', 'job', id)) end
local function finish(state, now)
  become(state)
  redis.call('HSET', job, 'ended_at', now)
  redis.call('DEL', prefix .. 'text:' .. id)
  redis.call('ZADD', prefix .. 'ended', now, id)
  drop_entry(redis.call('HGET', job, 'entry'))
  tell()
end
local function forget_progress() redis.call('HDEL', job, 'progress') end
local function owned(owner)
  return redis.call('HGET', job, 'state') == 'RUNNING' and redis.call('HGET', job, 'owner') == owner
end
"""

CREATE = (
    _COMMON
    + """
local request, digest, request_ttl_s, max_queued, text = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
if request ~= '' then
  local seen = redis.call('HMGET', request, 'digest', 'job')
  if seen[2] and redis.call('EXISTS', prefix .. 'job:' .. seen[2]) == 1 then
    if seen[1] == digest then return {'SEEN', seen[2]} end
    return {'REUSED', ''}
  end
end
if redis.call('EXISTS', job) == 1 then return {'CREATED', id} end
if redis.call('ZCARD', prefix .. 'jobs:QUEUED') >= max_queued then return {'FULL', ''} end
redis.call('HSET', job, unpack(ARGV, 8))
if text ~= '' then redis.call('SET', prefix .. 'text:' .. id, text) end
redis.call('ZADD', prefix .. 'jobs', 0, id)
become('QUEUED')
enqueue()
if request ~= '' then
  redis.call('HSET', request, 'digest', digest, 'job', id)
  redis.call('EXPIRE', request, request_ttl_s)
end
return {'CREATED', id}
"""
)
"""… request key or '', digest, its TTL (s), most queued jobs, text or '', fields of the hash → CREATED, SEEN, REUSED or FULL."""

BEGIN = (
    _COMMON
    + """
local entry, owner, now, max_losses, failure = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local state = redis.call('HGET', job, 'state')
if (state ~= 'QUEUED' and state ~= 'RUNNING') or redis.call('HGET', job, 'entry') ~= entry then
  drop_entry(entry)
  return 'GONE'
end
if owned(owner) then return 'BEGUN' end
if redis.call('HEXISTS', job, 'cancel') == 1 then
  finish('CANCELLED', now)
  return 'GONE'
end
if state == 'RUNNING' and redis.call('HINCRBY', job, 'losses', 1) >= max_losses then
  redis.call('HSET', job, 'failure', failure)
  finish('FAILED', now)
  return 'GONE'
end
become('RUNNING')
forget_progress()
redis.call('HSET', job, 'owner', owner, 'started_at', now)
redis.call('HINCRBY', job, 'attempts', 1)
tell()
return 'BEGUN'
"""
)
"""… entry, owner, now (ms), most workers that may vanish, failure to set then → BEGUN or GONE."""

REPORT = (
    _COMMON
    + """
local owner, consumer, progress = ARGV[3], ARGV[4], ARGV[5]
if not owned(owner) then return 'LOST' end
redis.call('XCLAIM', queue, 'workers', consumer, 0, redis.call('HGET', job, 'entry'), 'JUSTID')
if progress ~= '' then
  redis.call('HSET', job, 'progress', progress)
  tell()
end
if redis.call('HEXISTS', job, 'cancel') == 1 then return 'CANCEL' end
return 'GO_ON'
"""
)
"""… owner, consumer, progress or '' → GO_ON, CANCEL or LOST. XCLAIM with JUSTID resets the idle time of the entry."""

FINISH = (
    _COMMON
    + """
local owner, state, now = ARGV[3], ARGV[4], ARGV[5]
if redis.call('HGET', job, 'owner') ~= owner then return 0 end
if redis.call('HGET', job, 'state') ~= 'RUNNING' then return redis.call('HGET', job, 'state') == state and 1 or 0 end
if ARGV[6] then redis.call('HSET', job, unpack(ARGV, 6)) end
finish(state, now)
return 1
"""
)
"""… owner, final state, now (ms), fields of the hash → 1, or 0 when the lease has lapsed."""

HAND_BACK = (
    _COMMON
    + """
local owner, now = ARGV[3], ARGV[4]
if not owned(owner) then return 0 end
if redis.call('HEXISTS', job, 'cancel') == 1 then
  finish('CANCELLED', now)
  return 1
end
drop_entry(redis.call('HGET', job, 'entry'))
become('QUEUED')
forget_progress()
enqueue()
tell()
return 1
"""
)
"""… owner, now (ms) → 1, or 0 when the lease has lapsed."""

CANCEL = (
    _COMMON
    + """
local now = ARGV[3]
local state = redis.call('HGET', job, 'state')
if not state then return 'MISSING' end
if state ~= 'QUEUED' and state ~= 'RUNNING' then return state end
redis.call('HSET', job, 'cancel', now)
if state == 'QUEUED' then finish('CANCELLED', now) else tell() end
return 'OK'
"""
)
"""… now (ms) → OK, MISSING, or the final state that the job is in already."""

SWEEP = """
local prefix, before = ARGV[1], ARGV[2]
local old = redis.call('ZRANGEBYSCORE', prefix .. 'ended', '-inf', before, 'LIMIT', 0, 100)
for _, id in ipairs(old) do
  local state = redis.call('HGET', prefix .. 'job:' .. id, 'state')
  if state then redis.call('ZREM', prefix .. 'jobs:' .. state, id) end
  redis.call('ZREM', prefix .. 'jobs', id)
  redis.call('DEL', prefix .. 'job:' .. id)
  redis.call('ZREM', prefix .. 'ended', id)
end
return #old
"""
"""prefix, time (ms) → how many jobs that ended before it were removed, at most 100."""

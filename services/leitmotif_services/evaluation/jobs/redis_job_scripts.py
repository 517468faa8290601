"""The atomic steps of a job in Redis, in Lua.

Keys, all below one prefix with one hash tag, so that a cluster keeps them together:
`job:<id>` hash, `texts:<id>` hash of the texts that came with its request (`text:<id>`, one alone, of older releases), `queue`,
`queue:high` and `queue:low` streams of job ids (group `workers`), one for each priority, `jobs` and `jobs:<STATE>` sorted sets of
job ids in order of time, `waiting` the queued jobs of all tenants, `ended` job ids by the time of their end (ms),
`request:<digest>` digest and job of a request id. Channel `changed:<id>`: the job changed. The sorted sets `jobs…` are of one
tenant each: those of tenants but the default one begin with `tenant:<tenant>:`.

Each script takes ARGV = {prefix, job id, …} and bears being repeated after its answer was lost. KEYS = {the queue of the entry at
hand}, which only BEGIN looks at: a job knows its own.
"""

GROUP = "workers"
QUEUES = ("queue:high", "queue", "queue:low")
"""The most urgent first."""

_COMMON = """
local prefix, id = ARGV[1], ARGV[2]
local job = prefix .. 'job:' .. id
local function tenant_of(job_key) return redis.call('HGET', job_key, 'tenant') or 'default' end
local function index_of(tenant)
  if tenant == 'default' then return prefix .. 'jobs' end
  return prefix .. 'tenant:' .. tenant .. ':jobs'
end
local function queue()
  local priority = redis.call('HGET', job, 'priority')
  if priority == 'HIGH' then return prefix .. 'queue:high' end
  if priority == 'LOW' then return prefix .. 'queue:low' end
  return prefix .. 'queue'
end
local function become(state)
  local index = index_of(tenant_of(job))
  local old = redis.call('HGET', job, 'state')
  if old then redis.call('ZREM', index .. ':' .. old, id) end
  redis.call('ZADD', index .. ':' .. state, 0, id)
  redis.call('HSET', job, 'state', state)
  if state == 'QUEUED' then
    redis.call('ZADD', prefix .. 'waiting', 0, id)
  else
    redis.call('ZREM', prefix .. 'waiting', id)
  end
end
local function tell() redis.call('PUBLISH', prefix .. 'changed:' .. id, '') end
local function drop_entry(from, entry)
  if not entry then return end
  redis.call('XACK', from, 'workers', entry)
  redis.call('XDEL', from, entry)
end
local function enqueue() redis.call('HSET', job, 'entry', redis.call('XADD', queue(), '*', 'job', id)) end
local function finish(state, now)
  become(state)
  redis.call('HSET', job, 'ended_at', now)
  redis.call('DEL', prefix .. 'texts:' .. id, prefix .. 'text:' .. id)
  redis.call('ZADD', prefix .. 'ended', now, id)
  drop_entry(queue(), redis.call('HGET', job, 'entry'))
  tell()
end
local function forget_progress() redis.call('HDEL', job, 'progress') end
local function owned(owner)
  return redis.call('HGET', job, 'state') == 'RUNNING' and redis.call('HGET', job, 'owner') == owner
end
"""

_REMOVE = """
local function remove(id)
  local key = prefix .. 'job:' .. id
  local index = index_of(tenant_of(key))
  local state = redis.call('HGET', key, 'state')
  if state then redis.call('ZREM', index .. ':' .. state, id) end
  redis.call('ZREM', index, id)
  redis.call('DEL', key)
  redis.call('ZREM', prefix .. 'ended', id)
end
"""

CREATE = (
    _COMMON
    + """
local request, digest, request_ttl_s = ARGV[3], ARGV[4], ARGV[5]
local most_queued, tenant, most_of_tenant, texts = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
if request ~= '' then
  local seen = redis.call('HMGET', request, 'digest', 'job')
  if seen[2] and redis.call('EXISTS', prefix .. 'job:' .. seen[2]) == 1 then
    if seen[1] == digest then return {'SEEN', seen[2]} end
    return {'REUSED', ''}
  end
end
if redis.call('EXISTS', job) == 1 then return {'CREATED', id} end
if redis.call('ZCARD', prefix .. 'waiting') >= most_queued then return {'FULL', ''} end
local index = index_of(tenant)
if redis.call('ZCARD', index .. ':QUEUED') + redis.call('ZCARD', index .. ':RUNNING') >= most_of_tenant then
  return {'TENANT_FULL', ''}
end
redis.call('HSET', job, unpack(ARGV, 10 + 2 * texts))
if texts > 0 then redis.call('HSET', prefix .. 'texts:' .. id, unpack(ARGV, 10, 9 + 2 * texts)) end
redis.call('ZADD', index, 0, id)
become('QUEUED')
enqueue()
if request ~= '' then
  redis.call('HSET', request, 'digest', digest, 'job', id)
  redis.call('EXPIRE', request, request_ttl_s)
end
return {'CREATED', id}
"""
)
"""… request key or '', digest, its TTL (s), most queued jobs, tenant, most jobs of the tenant, number of texts, their names and
contents, fields of the hash → CREATED, SEEN, REUSED, FULL or TENANT_FULL."""

TAKE = """
local prefix, consumer, long_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last, chosen, oldest = {}, nil, nil
for _, name in ipairs({'queue:high', 'queue', 'queue:low'}) do
  local queue = prefix .. name
  redis.pcall('XGROUP', 'CREATE', queue, 'workers', '0', 'MKSTREAM')
  local stream = redis.call('XINFO', 'STREAM', queue)
  for place = 1, #stream, 2 do
    if stream[place] == 'last-generated-id' then table.insert(last, stream[place + 1]) end
  end
  local delivered = '0-0'
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', queue)) do
    local is_ours, id = false, nil
    for place = 1, #group, 2 do
      if group[place] == 'name' then is_ours = group[place + 1] == 'workers' end
      if group[place] == 'last-delivered-id' then id = group[place + 1] end
    end
    if is_ours then delivered = id end
  end
  local first = redis.call('XRANGE', queue, '(' .. delivered, '+', 'COUNT', 1)[1]
  if first then
    local since = tonumber(string.match(first[1], '^%d+'))
    if not chosen then chosen = queue end
    if since <= now - long_ms and (not oldest or since < oldest) then
      chosen, oldest = queue, since
    end
  end
end
if not chosen then return {'NONE', unpack(last)} end
local entry = redis.call('XREADGROUP', 'GROUP', 'workers', consumer, 'COUNT', 1, 'STREAMS', chosen, '>')[1][2][1]
return {'ENTRY', chosen, entry[1], entry[2][2]}
"""
"""prefix, consumer, wait (ms) after which a job goes first whatever its priority → {'ENTRY', queue, entry, job id}, or {'NONE',
last entry of each queue}: what comes behind those was not there yet."""

BEGIN = (
    _COMMON
    + """
local entry, owner, now, max_losses, failure = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local state = redis.call('HGET', job, 'state')
if (state ~= 'QUEUED' and state ~= 'RUNNING') or redis.call('HGET', job, 'entry') ~= entry then
  drop_entry(KEYS[1], entry)
  return 'GONE'
end
if owned(owner) then return 'BEGUN' end
if redis.call('HEXISTS', job, 'cancel') == 1 then
  finish('CANCELLED', now)
  return 'GONE'
end
if state == 'RUNNING' and redis.call('HINCRBY', job, 'losses', 1) >= max_losses then
  redis.call('HSET', job, 'failure', failure, 'dead_letter', '1')
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
redis.call('XCLAIM', queue(), 'workers', consumer, 0, redis.call('HGET', job, 'entry'), 'JUSTID')
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
drop_entry(queue(), redis.call('HGET', job, 'entry'))
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
local tenant, now = ARGV[3], ARGV[4]
local state = redis.call('HGET', job, 'state')
if not state or tenant_of(job) ~= tenant then return 'MISSING' end
if state ~= 'QUEUED' and state ~= 'RUNNING' then return state end
redis.call('HSET', job, 'cancel', now)
if state == 'QUEUED' then finish('CANCELLED', now) else tell() end
return 'OK'
"""
)
"""… tenant, now (ms) → OK, MISSING, or the final state that the job is in already."""

DELETE = (
    _COMMON
    + _REMOVE
    + """
local state = redis.call('HGET', job, 'state')
if not state or tenant_of(job) ~= ARGV[3] then return 'MISSING' end
if state == 'QUEUED' or state == 'RUNNING' then return state end
remove(id)
tell()
return 'OK'
"""
)
"""… tenant → OK, MISSING, or the state that the job is in still."""

SWEEP = (
    _COMMON
    + _REMOVE
    + """
local old = redis.call('ZRANGEBYSCORE', prefix .. 'ended', '-inf', ARGV[3], 'LIMIT', 0, 100)
for _, each in ipairs(old) do remove(each) end
return #old
"""
)
"""…, time (ms) → how many jobs that ended before it were removed, at most 100. The job id is not looked at."""

-- apply.lua - writes what changed in a task's state, after checking who writes and what the changes follow.
--
-- KEYS[1]  the task's hash
-- ARGV     owner, seq that must be stored, seq to store, meta, number of fields to set, then a field and a value for
--          each, then the fields to remove
-- Answers  "DONE", or with nothing written "FENCED", "DUPLICATE" (it was written before) or "GAP"
--
-- seq is decimal text without leading zeros, compared as text and counted on by the caller: a Lua number would be exact
-- up to 2^53 only. A script that fails halfway is not rolled back, so all that can fail is found out first.

-- unpack() gives up near 8,000 values (LUAI_MAXCSTACK); an even number, so that no pair is parted.
local CHUNK = 3998
local FIRST = 6

local key, owner, expected, following, meta = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local sets = tonumber(ARGV[5])
if not sets or sets < 0 or sets % 1 ~= 0 or FIRST + 2 * sets > #ARGV + 1 then
    return redis.error_reply('ERR the arguments of apply do not add up')
end
local removals = FIRST + 2 * sets

-- pcall: a value of another type under the key comes back with Redis's own word.
local stored = redis.pcall('HMGET', key, 'owner', 'seq')
if stored.err then
    return stored
end
if not stored[1] then
    return 'GAP' -- the hash is gone
end
if stored[1] ~= owner then
    return 'FENCED'
end
local seq = stored[2] or '0' -- claimed, and nothing applied yet
if seq == following then
    return 'DUPLICATE'
end
if seq ~= expected then
    return 'GAP'
end

-- The first write stores what is there already. If it may not be (OOM, READONLY, NOREPLICAS, no permission), nothing
-- has changed; after it, Redis lets a script finish. Removals come next: that HDEL is not permitted shows before
-- anything has changed.
local probed = redis.pcall('HSET', key, 'owner', owner)
if type(probed) == 'table' then
    return probed
end
for from = removals, #ARGV, CHUNK do
    local removed = redis.pcall('HDEL', key, unpack(ARGV, from, math.min(from + CHUNK - 1, #ARGV)))
    if type(removed) == 'table' then
        return removed
    end
end
for from = FIRST, removals - 1, CHUNK do
    redis.call('HSET', key, unpack(ARGV, from, math.min(from + CHUNK - 1, removals - 1)))
end
redis.call('HSET', key, 'seq', following, 'meta', meta)
return 'DONE'

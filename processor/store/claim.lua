-- claim.lua - makes the caller the owner of a task's hash and tells what is stored beside the state.
--
-- KEYS[1]  the task's hash
-- ARGV     wall clock in ms, 16 hex digits of randomness, the newest format of "meta" that the caller reads
-- Answers  {"CLAIMED", owner, previous owner, seq, meta}, each "" when there is none; or, with nothing written,
--          {"NEWER", its format} or {"UNREADABLE"}
--
-- An epoch is a Lua number, exact up to 2^53: a wall clock in ms gets there in 285,000 years. seq is text here, never a
-- number.

local EPOCH_MAX = 9007199254740991
local EPOCH_DIGITS = 16
local OWNER_SIZE = EPOCH_DIGITS + 1 + 16

-- pcall: a value of another type under the key comes back with Redis's own word.
local stored = redis.pcall('HMGET', KEYS[1], 'owner', 'seq', 'meta')
if stored.err then
    return stored
end
local owner, seq, meta = stored[1] or '', stored[2] or '', stored[3] or ''

-- A newer release may be running: claiming first and finding out then would fence it.
if meta ~= '' and string.byte(meta) > tonumber(ARGV[3]) then
    return {'NEWER', string.byte(meta)}
end

if (seq == '') ~= (meta == '') then
    return {'UNREADABLE'}
end
local epoch = 0
if owner ~= '' then
    local dash = string.find(owner, '-', 1, true)
    if #owner ~= OWNER_SIZE or dash ~= EPOCH_DIGITS + 1 or not string.find(owner, '^%d+%-%x+$') then
        return {'UNREADABLE'}
    end
    epoch = tonumber(string.sub(owner, 1, EPOCH_DIGITS))
end
epoch = math.max(epoch + 1, tonumber(ARGV[1]))
if epoch > EPOCH_MAX then
    return {'UNREADABLE'}
end

local claimed = string.format('%016.0f-%s', epoch, ARGV[2])
local written = redis.pcall('HSET', KEYS[1], 'owner', claimed)
if type(written) == 'table' then
    return written
end
return {'CLAIMED', claimed, owner, seq, meta}

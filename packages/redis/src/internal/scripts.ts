/**
 * The scripts of the store: one for each operation of the contract. A key of the store is one hash, which holds the entry and
 * the lease, so that it is on one node of a Cluster, and is evicted as a whole. Times are those of the server.
 *
 * Commands: EVAL, TIME, HMGET, HSET, HDEL, PEXPIREAT, which Redis 5 and later and Valkey have.
 */
import type * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Option from "effect/Option"

/** Time in milliseconds by which a generation outlives its entry, so that a paused process never finds its number reused. */
const keptAfterExpiry = 86_400_000

/** Reads the hash, runs the step, and returns `done` and what the hash holds then. */
const step = (body: string): string => `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local entry = redis.call('HMGET', KEYS[1], 'generation', 'value', 'expiresAt', 'owner', 'leasedUntil')
local generation, value, expiresAt = tonumber(entry[1]) or 0, entry[2], entry[3]
local owner, leasedUntil = entry[4], tonumber(entry[5]) or 0
local done = 0
local function text(number) return string.format('%.0f', number) end
local function keep()
  local last = leasedUntil
  if generation > 0 then last = math.max(last, math.max(tonumber(expiresAt) or 0, now) + ${keptAfterExpiry}) end
  redis.call('PEXPIREAT', KEYS[1], text(math.ceil(last)))
end
local function release(leaseOwner)
  if owner ~= leaseOwner then return end
  redis.call('HDEL', KEYS[1], 'owner', 'leasedUntil')
  leasedUntil = 0
end
${body}
return {done, generation, value, expiresAt, math.max(0, leasedUntil - now), now}`

export const load = step("")

/** Arguments: generation, value, expiry, and the owner whose lease ends or nothing. */
export const swap = step(`
if ARGV[4] ~= '' then release(ARGV[4]) end
if generation == tonumber(ARGV[1]) then
  done, generation, value, expiresAt = 1, generation + 1, ARGV[2], ARGV[3]
  redis.call('HSET', KEYS[1], 'generation', text(generation), 'value', value, 'expiresAt', expiresAt)
  keep()
end`)

/** Arguments: owner, lifetime in milliseconds. */
export const acquire = step(`
if leasedUntil <= now or owner == ARGV[1] then
  done, owner, leasedUntil = 1, ARGV[1], now + ARGV[2]
  redis.call('HSET', KEYS[1], 'owner', owner, 'leasedUntil', text(leasedUntil))
  keep()
end`)

/** Argument: owner. */
export const release = step("release(ARGV[1])")

/** Reads what a script returned. Clients return strings as strings, as buffers or, if they look like numbers, as numbers. */
export const attemptOf = (reply: unknown): TokenStore.Attempt => {
  const [done, generation, value, expiresAt, leasedFor, now] = Array.isArray(reply)
    ? reply as ReadonlyArray<unknown>
    : []
  if (typeof now !== "number") throw new Error("not the reply of a script")
  return {
    done: done === 1,
    entry: Number(generation) > 0
      // A value that is missing cannot be read, and still counts its generation.
      ? Option.some({
        value: String(value ?? ""),
        generation: Number(generation),
        expiresAt: Number(String(expiresAt ?? 0))
      })
      : Option.none(),
    leasedFor: Number(leasedFor),
    now
  }
}

/**
 * The store's own connection: commands fail at once while there is none, it is opened again by itself, and one that no longer
 * answers is closed.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Redis, type RedisOptions } from "ioredis"

/** Reads a URL such as `rediss://user:password@redis.internal:6379/0`. */
export const fromUrl = (text: string): Option.Option<RedisOptions> =>
  Option.liftThrowable(() => {
    const { hostname, password, pathname, port, protocol, username } = new URL(text)
    const [, db] = /^\/?(\d{0,9})$/.exec(pathname) ?? []
    if (!/^rediss?:$/.test(protocol) || hostname === "" || db === undefined) throw new Error("no such URL")
    return {
      // An IPv6 address is in brackets.
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      ...(port === "" ? {} : { port: Number(port) }),
      ...(username === "" ? {} : { username: decodeURIComponent(username) }),
      ...(password === "" ? {} : { password: decodeURIComponent(password) }),
      ...(db === "" ? {} : { db: Number(db) }),
      ...(protocol === "rediss:" ? { tls: {} } : {})
    }
  })()

const optionsOf = (connection: RedisOptions, timeout: number): RedisOptions => ({
  connectTimeout: timeout,
  // Closes a connection on which a command has no response within this time: the other end may be gone without a notice.
  socketTimeout: timeout,
  keepAlive: 10_000,
  // The store's caller repeats operations.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (times) => Math.min(25 * 2 ** times, 500) * (0.5 + Math.random() / 2),
  // After a failover the connection may be to the former primary.
  reconnectOnError: ({ message }) => message.startsWith("READONLY"),
  // Of Sentinel, it also verifies the role. Elsewhere it is a round trip, and a command that a user may not be granted.
  enableReadyCheck: connection.sentinels !== undefined,
  disableClientInfo: true,
  ...connection
})

/** Waits until the connection is established; for ever if it is never. */
const ready = (client: Redis): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (client.status === "ready") return resume(Effect.void)
    client.once("ready", () => resume(Effect.void))
  })

/** Waits for the first connection or its failure: commands before that would fail. */
const settled = (client: Redis): Effect.Effect<void> =>
  Effect.async((resume) => {
    const done = () => resume(Effect.void)
    if (client.status === "wait") return done()
    client.once("ready", done)
    client.once("close", done)
  })

const settingOf = (info: string, name: string): string =>
  new RegExp(`^${name}:([\\w-]+)\\s*$`, "m").exec(info)?.[1] ?? ""

/** Warns of a Redis that removes keys when its memory is full, or that does not let the user read whether it does. */
const warnOfEviction = (client: Redis): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* ready(client)
    const info = yield* Effect.tryPromise({ try: () => client.info("memory"), catch: (error) => error })
    const policy = settingOf(info, "maxmemory_policy")
    // All keys of the store expire, so policies for keys that expire remove them as well.
    if (!/^(allkeys|volatile)-/.test(policy) || settingOf(info, "maxmemory") === "0") return
    yield* Effect.logWarning(
      `Redis removes keys when its memory is full (maxmemory-policy ${policy}). Tokens and the count of a budget may be lost ` +
        "before they expire, and tokens requested again. Set maxmemory-policy to noeviction, or use a Redis for tokens alone."
    )
  }).pipe(Effect.catchAll((error) =>
    // Another error is one of the connection, which the operations report.
    String(error).includes("NOPERM")
      ? Effect.logWarning(
        "Whether Redis removes keys when its memory is full is unknown, since its user may not run INFO. Grant +info, and set " +
          "maxmemory-policy to noeviction: otherwise tokens and the count of a budget may be lost before they expire."
      )
      : Effect.void
  ))

/** Returns true for the error of the command that selects the database. */
const isOfSelect = (error: unknown): boolean =>
  error instanceof Error && "command" in error &&
  (error.command as { readonly name?: unknown } | undefined)?.name === "select"

/** Connects. The connection ends with the scope. */
export const make = (connection: RedisOptions, timeout: number) =>
  Effect.gen(function*() {
    // Why there is no connection; the error of a command states only that there is none.
    let cause: unknown
    // The client stays on database 0 when it cannot select another one.
    let isOnOtherDatabase = false
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const client = new Redis(optionsOf(connection, timeout))
        // Without a listener the client prints its errors.
        client.on("error", (error: unknown) => {
          if (isOfSelect(error)) isOnOtherDatabase = true
          else cause = error
        })
        client.on("connect", () => {
          isOnOtherDatabase = false
        })
        client.on("ready", () => {
          cause = undefined
        })
        return client
      }),
      (client) => Effect.sync(() => client.disconnect())
    )
    yield* Effect.forkScoped(warnOfEviction(client))
    yield* Effect.timeoutOption(settled(client), timeout)
    /** Fails after the reply of SELECT, which is sent before, and selects again on the next connection. */
    const checkDatabase = () => {
      if (!isOnOtherDatabase) return
      if (client.status === "ready") client.disconnect(true)
      throw new Error("SELECT failed")
    }
    return {
      eval: async (script: string, numberOfKeys: 1, key: string, ...args: Array<string>): Promise<unknown> => {
        const reply = await client.eval(script, numberOfKeys, key, ...args).catch((error: unknown) => {
          checkDatabase()
          throw cause ?? error
        })
        checkDatabase()
        return reply
      }
    }
  })

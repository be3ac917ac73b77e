/**
 * Describes the problem of a command and its fix, from the first word of Redis' error or the code of the connection's error.
 * The rest of an error may contain an address, a command or a key, and is not shown.
 */

const reachability = "check host and port, that Redis runs, and firewalls"
const certificate = "set `tls.ca` to the certificate of the authority that signed that of Redis"
const permission =
  "NOPERM: the user may not run a command or use a key; grant what the README of @effect-oauth/redis lists, for keys with `prefix`"

const sentences: Readonly<Record<string, string>> = {
  // First words of Redis' errors.
  OOM: "Redis is out of memory; raise maxmemory, or use a Redis for tokens alone",
  READONLY: "this Redis is a replica; connect to the primary, for example by `sentinels` and `name`",
  NOAUTH: "user or password is missing or wrong; set them in REDIS_URL or in the options of the connection",
  WRONGPASS: "user or password is wrong, or the user is disabled; correct REDIS_URL or the options of the connection",
  LOADING: "Redis is starting and loads its data; wait until it is ready",
  BUSY: "Redis runs another script for too long; end it by SCRIPT KILL",
  MASTERDOWN: "a replica has lost its primary; restore the primary, or connect to the new one",
  CLUSTERDOWN: "the Cluster is down or has slots without a node; restore its nodes",
  TRYAGAIN: "the Cluster is moving the slot of the key; it ends by itself",
  MOVED: "this Redis is a node of a Cluster; use RedisTokenStore.fromClient with a Cluster client",
  ASK: "this Redis is a node of a Cluster; use RedisTokenStore.fromClient with a Cluster client",
  MISCONF: "Redis cannot save its data and rejects writes; check its disk and its log",
  NOREPLICAS: "too few replicas are connected for a write; restore them, or lower min-replicas-to-write",
  DENIED: "Redis is in protected mode; set a password or bind it to an address",
  WRONGTYPE: "another program uses the same keys; set `prefix`",
  ERR: "Redis rejected the script; Redis 5 or later, or Valkey, is required, with EVAL enabled",
  // Statuses of Redis over HTTP.
  HTTP_401: "the token is wrong; set it in UPSTASH_REDIS_REST_TOKEN or in the options",
  HTTP_404: "there is no such service; check the URL",
  HTTP_429: "the service rejects further commands; check its limits",
  // Codes of the connection.
  ECONNREFUSED: `the connection was refused; ${reachability}`,
  ECONNRESET:
    "the connection was reset; check the log of Redis, its maxclients, and whether it requires TLS (`rediss:`)",
  EPIPE: "the connection was closed; check the log of Redis, and its maxclients",
  ETIMEDOUT: `no connection in time; ${reachability}, and whether both use TLS`,
  EHOSTUNREACH: `the host cannot be reached; ${reachability}`,
  ENETUNREACH: `the network cannot be reached; ${reachability}`,
  ENOTFOUND: "the host has no address; check its name and DNS",
  EAI_AGAIN: "the DNS server does not respond; check it",
  CERT_HAS_EXPIRED: "the certificate of Redis has expired; renew it",
  DEPTH_ZERO_SELF_SIGNED_CERT: `the certificate of Redis is not trusted; ${certificate}`,
  SELF_SIGNED_CERT_IN_CHAIN: `the certificate of Redis is not trusted; ${certificate}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `the certificate of Redis is not trusted; ${certificate}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `the certificate of Redis is not trusted; ${certificate}`,
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the certificate of Redis is for another host name; use that name, or set `tls.servername`"
}

const unavailable = "no connection; check that Redis runs, its log and its maxclients"

/** Errors without a code, by what their message begins with. */
const beginnings: ReadonlyArray<readonly [beginning: string, problem: string]> = [
  ["NOPERM", permission],
  ["ERR The user executing the script can't", permission],
  ["ERR max number of clients", "MAXCLIENTS: Redis has no free connection; raise maxclients, or use fewer processes"],
  [
    "SELECT",
    "SELECT: the database could not be selected; grant +select, or correct its number in REDIS_URL or in `db`"
  ],
  ["Socket timeout", "no response in time; the connection was closed and is opened again"],
  [
    "All sentinels are unreachable",
    `no Sentinel can be reached, or none has the name; check \`sentinels\` and \`name\``
  ],
  ["Connection is closed", unavailable],
  ["Stream isn't writeable", unavailable],
  ["Reached the max retries per request limit", unavailable],
  ["connect ETIMEDOUT", `ETIMEDOUT: ${sentences.ETIMEDOUT}`]
]

/** Pattern of the first word. Before version 7, Redis adds a sentence before the error of a command in a script. */
const firstWord = /^(?:ERR Error running script .*: -)?([A-Z]+)(?: |$)/

const own = <A>(record: Readonly<Record<string, A>>, key: string): A | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

/** Returns the code, and the cause and the remedy if the code is known; else the class of the error. */
export const problemOf = (error: unknown): string => {
  const { code, lastNodeError, message, name } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly code?: unknown
    readonly lastNodeError?: unknown
    readonly message?: unknown
    readonly name?: unknown
  }
  // That of a Cluster client, for all nodes.
  if (lastNodeError !== undefined && lastNodeError !== null) return problemOf(lastNodeError)
  const text = typeof message === "string" ? message : ""
  const known = beginnings.find(([beginning]) => text.startsWith(beginning))
  if (known !== undefined) return known[1]
  for (const found of [code, firstWord.exec(text)?.[1]]) {
    const sentence = typeof found === "string" ? own(sentences, found) : undefined
    if (sentence !== undefined) return `${String(found)}: ${sentence}`
  }
  const shown = typeof code === "string" ? code : name
  return typeof shown === "string" && /^\w{1,60}$/.test(shown) ? shown : "its client failed"
}

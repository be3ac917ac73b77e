/**
 * Describes the problem of a statement and its fix, from the code of the driver, or from one of its constant messages. Other
 * messages may contain an address or a statement, and are not shown.
 */

const grants = "create the table if it is missing, and grant SELECT, INSERT, UPDATE and DELETE on it"
const table = "create the table as @effect-oauth/sql' README has it, or set `schema` and `prefix` to those of the table"
const connections = "raise the limit of the server, or use a pooler"
const primary = "connect to the primary"
const credentials = "correct user and password of the client"
const rights = "check owner and permissions of the file and of its directory"
const reachability = "check host and port, that the database runs, and firewalls"
const noConnection = `no connection in time; ${reachability}`
const pool = "raise `maxConnections` or `connectTimeout` of the client, or give the store its own client"
const lost = "the connection was closed; check the log of the database, and proxies and poolers before it"
const conflicted = "transactions conflicted; no change is needed unless it persists, then use READ COMMITTED"

/** By SQLSTATE (Postgres), result code (SQLite), error name (MySQL, MariaDB), and error of a driver or of the system. */
const sentences: Readonly<Record<string, string>> = {
  "25006": `the database is read-only; ${primary}`,
  "28000": `the role may not connect; ${credentials}, or pg_hba.conf`,
  "28P01": `the password is wrong; ${credentials}`,
  "3D000": "the database does not exist; correct its name",
  "3F000": "the schema does not exist; create it, or set `schema`",
  "40001": conflicted,
  "40P01": "transactions blocked each other; no change is needed unless it persists",
  "42501": `the role lacks a permission; ${grants}, and USAGE on its schema`,
  "42703": `the table has other columns; ${table}`,
  "42P01": `the table is missing; ${table}`,
  "53100": "the disk of the database is full; make room",
  "53200": "the database is out of memory; give it more",
  "53300": `the database has too many connections; ${connections}`,
  "55P03": "another transaction locks the row; end it",
  "57014": "the statement was cancelled or took longer than statement_timeout; raise it, or look for locks",
  "57P01": "an administrator or a shutdown ended the connection; wait until the database is back",
  "57P02": "the database restarts after a crash; wait until it is back, and check its log",
  "57P03": "the database is starting; wait until it is ready",
  SQLITE_BUSY: "another process writes to the file for too long; end its transaction",
  SQLITE_CANTOPEN: `the file cannot be opened; ${rights}`,
  SQLITE_CORRUPT: "the file is damaged; remove it",
  SQLITE_ERROR: `the statement was rejected, possibly since the table is missing; ${table}`,
  SQLITE_FULL: "the disk is full; make room",
  SQLITE_NOTADB: "the file is not a database; correct its path",
  SQLITE_READONLY: `the file is read-only; ${rights}`,
  ER_ACCESS_DENIED_ERROR: `user or password is wrong; ${credentials}`,
  ER_BAD_DB_ERROR: "the database does not exist; correct its name, or set `schema`",
  ER_BAD_FIELD_ERROR: `the table has other columns; ${table}`,
  ER_CHECKREAD: conflicted,
  ER_CON_COUNT_ERROR: `the database has too many connections; ${connections}`,
  ER_DBACCESS_DENIED_ERROR: `the user may not use the database; ${grants}`,
  ER_LOCK_DEADLOCK: "transactions blocked each other; no change is needed unless it persists",
  ER_LOCK_WAIT_TIMEOUT: "another transaction locks the row; end it",
  ER_NO_SUCH_TABLE: `the table is missing; ${table}`,
  ER_OPTION_PREVENTS_STATEMENT: `the database is read-only; ${primary}`,
  ER_QUERY_TIMEOUT: "the statement took longer than max_execution_time; raise it, or look for locks",
  ER_STATEMENT_TIMEOUT: "the statement took longer than max_statement_time; raise it, or look for locks",
  ER_TABLEACCESS_DENIED_ERROR: `the user lacks a permission; ${grants}`,
  ER_TOO_MANY_USER_CONNECTIONS: `the user has too many connections; ${connections}`,
  PROTOCOL_CONNECTION_LOST: lost,
  ECONNREFUSED: `the connection was refused; ${reachability}`,
  ECONNRESET: "the connection was reset; check the log of the database, and whether TLS is required",
  EHOSTUNREACH: `the host cannot be reached; ${reachability}`,
  ENOTFOUND: "the host has no address; check its name and DNS",
  ETIMEDOUT: noConnection
}

/** By message, of the errors that drivers give no code. */
const sentencesOfMessages: Readonly<Record<string, string>> = {
  "Can't add new command when connection is in closed state": lost,
  "Client has encountered a connection error and is not queryable": lost,
  "Connection closed": lost,
  "Connection closed unexpectedly": lost,
  "Connection terminated": lost,
  "Connection terminated unexpectedly": lost,
  "Connection terminated due to connection timeout": noConnection,
  "Connection timed out": noConnection,
  "connection timeout": noConnection,
  "timeout exceeded when trying to connect": `no connection of the pool was free in time; ${pool}`
}

const entryOf = (sentences: Readonly<Record<string, string>>, key: unknown): string | undefined =>
  typeof key === "string" && Object.hasOwn(sentences, key) ? sentences[key] : undefined

/** The code, for an extended result code of SQLite the one it extends. */
const primaryOf = (code: string): string => code.startsWith("SQLITE_") ? code.split("_", 2).join("_") : code

/** Returns what a function finds in the error, or in what caused it. */
const find = (
  error: unknown,
  f: (error: Partial<Record<string, unknown>>) => string | undefined
): string | undefined => {
  if (typeof error !== "object" || error === null) return undefined
  const { cause } = error as { readonly cause?: unknown }
  return f(error as Partial<Record<string, unknown>>) ?? (cause === error ? undefined : find(cause, f))
}

const codeOf = (error: unknown): string | undefined =>
  find(error, ({ code }) => typeof code === "string" && /^\w{1,60}$/.test(code) ? code : undefined)

/** Returns the code, and the cause and the remedy if the code or the message is known. */
export const problemOf = (error: unknown): string => {
  const code = codeOf(error)
  if (code === undefined) {
    return find(error, ({ message }) => entryOf(sentencesOfMessages, message)) ?? "its database failed"
  }
  const sentence = entryOf(sentences, primaryOf(code))
  return sentence === undefined ? code : `${code}: ${sentence}`
}

/** Codes of a conflict with another transaction. A statement that failed with one changed nothing, and can be repeated. */
const conflicts: ReadonlySet<string | undefined> = new Set([
  ...["40001", "40P01", "55P03"],
  ...["ER_CHECKREAD", "ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT"]
])

/** Returns true if the statement failed because of another transaction. */
export const isConflict = (error: unknown): boolean => conflicts.has(codeOf(error))

/** Codes of a table that another process creates at the same moment, and of a file that it locks for that. */
const creations: ReadonlySet<string> = new Set([
  ...["23505", "42710", "42P07"],
  ...["SQLITE_BUSY", "SQLITE_LOCKED"],
  "ER_TABLE_EXISTS_ERROR"
])

/** Returns true if a table could not be created because another process creates it. */
export const isConcurrentCreation = (error: unknown): boolean => {
  const code = codeOf(error)
  return isConflict(error) || (code !== undefined && creations.has(primaryOf(code)))
}

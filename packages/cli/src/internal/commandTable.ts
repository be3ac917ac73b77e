/**
 * The commands and their options. The module of a command is loaded when it is run, so that the others cost no time.
 */
import { type CommandName, commandNames } from "./commandNames.js"
import { type Choice, type Command, command, commandWithArguments, type Flag, type Text } from "./declaration.js"
import { methods } from "./proofMethods.js"
import { serverNames } from "./serverNames.js"
import { formats } from "./tokenFormats.js"

const flag = (description: string, short?: string): Flag => ({
  type: "flag",
  description,
  ...(short === undefined ? {} : { short })
})

type More = Partial<Pick<Text, "completes" | "short">>

const text = (placeholder: string, description: string, more: More = {}) =>
  ({ type: "text", placeholder, description, ...more }) as const

const choice = <const A extends ReadonlyArray<string>>(
  placeholder: string,
  choices: A,
  description: string
): Choice & { readonly choices: A } => ({ type: "choice", placeholder, choices, description })

const number = <const A extends "integer" | "number">(type: A, placeholder: string, description: string) =>
  ({ type, placeholder, description }) as const

/** The options of every command, which may be written before the command. */
export const common = {
  profile: text("NAME", "The profile to use; without one, EFFECT_OAUTH_PROFILE, the environment or \"default\".", {
    completes: "profile"
  }),
  quiet: flag("Print results and errors only."),
  verbose: flag("Show requests and responses on standard error, without secrets.", "v")
} as const

/** Options that are read before a command is run. */
export const builtIn = {
  help: flag("Show this help.", "h"),
  version: flag("Show the version."),
  logLevel: choice(
    "LEVEL",
    ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"],
    "The lowest level of messages to show."
  )
} as const

const json = flag("Print JSON.", "j")

const minLife = text("DURATION", "Request another token unless the cached one lasts as long: 10min, 1h, 3600s.")

const fresh = flag("Request another token than the cached one, also while the failure of a request is remembered.")

const timeout = text("DURATION", "The time that all requests together may take: 10s, 500ms, 2min.")

const token = command(
  "Print an access token: the cached one, or a new one.",
  {
    ...common,
    format: choice(
      "FORMAT",
      formats,
      "The form: the token alone, the Authorization header, JSON with its lifetime, variables, or ExecCredential of kubectl."
    ),
    json: flag("The same as --format json.", "j"),
    header: flag("The same as --format header."),
    exec: text("COMMAND", "Run a line in the shell, with the token in OAUTH_ACCESS_TOKEN. See effect-oauth exec."),
    minLife,
    fresh,
    timeout
  },
  () => import("./commands/token.js")
)

const exec = commandWithArguments(
  "Run a program with an access token in OAUTH_ACCESS_TOKEN: never as an argument, which others can see.",
  { placeholder: "-- PROGRAM [ARGUMENT ...]", description: "The program, and its arguments.", completes: "command" },
  { ...common, minLife, fresh, timeout },
  () => import("./commands/exec.js")
)

const call = commandWithArguments(
  "Call the API, in the syntax of HTTPie.",
  {
    placeholder: "[METHOD] URL [ITEM ...]",
    description:
      "A method (or none: GET, or POST if there is a body), a path of the API or a URL, and request items: Header:value, " +
      "Header: (none), Header; (empty), name==value (query), key=value and key:=json (body), key=@file, key:=@file, " +
      "@file (the body), key@file (upload, with --form). Keys nest: user[name]=Ada tags[]=a. Write -- before items that " +
      "begin with a dash."
  },
  {
    ...common,
    json: flag("Send JSON, which is the default, and accept it, also without a body.", "j"),
    form: flag("Send the body as a form; with files, as multipart.", "f"),
    multipart: flag("Send the body as a multipart form, with files or without."),
    boundary: text("TEXT", "The boundary of a multipart form."),
    raw: text("TEXT", "The body itself."),
    ignoreStdin: flag("Do not read standard input, for loops that read from it.", "I"),
    print: text(
      "HBhb",
      "Parts to show: headers (H) and body (B) of the request, headers (h) and body (b) of the response.",
      { short: "p" }
    ),
    headers: flag("Show the headers of the response only."),
    body: flag("Show the body of the response only, as in a pipe.", "b"),
    pretty: choice("STYLE", ["all", "colors", "format", "none"], "Layout: all on a terminal, none elsewhere."),
    download: flag("Write the body of the response to a file, and show the progress.", "d"),
    output: text("FILE", "The file to write to; it is replaced.", { completes: "file", short: "o" }),
    continue: flag("Continue the download of --output where it ended.", "c"),
    follow: flag("Follow redirects within the origin.", "F"),
    offline: flag("Print the request, without its token, and send nothing."),
    timeout,
    showSecrets: flag("Show response headers that may contain secrets in full, even on a terminal.")
  },
  () => import("./commands/call.js")
)

const inspect = command(
  "Show the properties of the token, and its claims if it is a JWT.",
  {
    ...common,
    stdin: flag("Inspect a token from standard input instead, such as one that was pasted."),
    timeout,
    json
  },
  () => import("./commands/inspect.js")
)

const status = command(
  "Show the cached tokens, their remaining lifetime, and how many more may be requested.",
  {
    ...common,
    all: flag("Show all profiles, and the environment."),
    check: flag("End with exit code 21 unless each token is usable."),
    json
  },
  () => import("./commands/status.js")
)

const budget = command(
  "Show how many tokens are counted, and when more may be requested.",
  { ...common, reset: flag("Count from zero again, where the server has done so."), json },
  () => import("./commands/budget.js")
)

const revoke = command(
  "Revoke the cached token, and remove it.",
  { ...common, forget: flag("Only remove it here, where the server revokes none."), timeout },
  () => import("./commands/revoke.js")
)

const doctor = command(
  "Check each step to a first call, and state the change that the first failure needs. Costs one token at most.",
  {
    ...common,
    path: text("PATH", "The path to call in the end, by GET. Default: the base URL of the API."),
    timeout: { ...text("DURATION", "How long to wait for each response: 6s, 500ms, 1min."), default: "6s" },
    fix: flag("Write the changes that are found into the profile, and show them."),
    json
  },
  () => import("./commands/doctor.js")
)

const simulate = command(
  "Compute how many tokens a fleet requests in a day.",
  {
    ...common,
    fleet: {
      ...text("NUMBER", "Processes that run at the same time: 10, or 4..20 for a fleet that is scaled every day."),
      default: "10"
    },
    restarts: {
      ...number("number", "NUMBER", "Restarts of each process in a day: 4, or 0.5 for every other day."),
      default: 4
    },
    audiences: { ...number("integer", "NUMBER", "APIs that each process has tokens for."), default: 1 },
    tokenLife: text(
      "DURATION",
      "The lifetime of a token: 24h, 15min, 3600s. Default: that of the cached token, or 24h."
    ),
    limit: number("integer", "NUMBER", "Tokens that the server issues in a day. Default: OAUTH_TOKENS_PER_DAY, or 50."),
    oneTokenPerClient: flag("Simulate a server whose new tokens revoke the previous one of the client."),
    plot: flag("Plot the tokens by the size of the fleet, in place of the table and the assumptions."),
    json
  },
  () => import("./commands/simulate.js")
)

const sandbox = command(
  "Start an authorization server and an API on this machine, for tests in any language.",
  {
    ...common,
    options: text(
      "FILE",
      "Options as JSON, with the names of the library: {\"server\": {\"clients\": [...]}, \"api\": {...}}. The options below " +
        "prevail.",
      { completes: "file" }
    ),
    port: number(
      "integer",
      "PORT",
      "The port of the authorization server; the API gets the next one. Default: two free ports."
    ),
    host: text("ADDRESS", "The address to listen on. Default: 127.0.0.1."),
    publicHost: text("NAME", "The host name by which other machines or containers reach the servers."),
    dailyLimit: number("integer", "NUMBER", "Tokens that the server issues in a day. Default: any number."),
    hourlyLimit: number("integer", "NUMBER", "Tokens that the server issues in an hour. Default: any number."),
    tokenLife: text("DURATION", "The lifetime of a token: 1h, 15min, 30s. Default: 24h."),
    oneTokenPerClient: flag("Revoke the previous token of the client when another one is issued."),
    jwt: flag("Issue access tokens as JWTs, with their keys at SANDBOX_JWKS_URL."),
    server: choice("SERVER", serverNames, "The server to behave as. Default: exactly the standards."),
    clientAuthentication: choice(
      "METHOD",
      ["client_secret_post", "client_secret_basic", "either"],
      "The method by which the client must authenticate. Default: that of the server."
    ),
    requireScope: text("TEXT", "The scopes that each call requires, with blanks in between."),
    audience: text("TEXT", "The audience that tokens must be for."),
    rejection: text("NAME", "The response to a token that is not valid: 403, graphql and others. Default: bearer."),
    legacyToken: text("ID:SECRET", "An id and its secret that the API accepts by basic auth."),
    tlsCert: text("FILE", "The certificate of both servers as PEM, for https.", { completes: "file" }),
    tlsKey: text("FILE", "Its private key as PEM.", { completes: "file" }),
    json: flag("Print the variables as JSON.", "j")
  },
  () => import("./commands/sandbox.js")
)

const init = command(
  "Write a profile. Values without an option are prompted for.",
  {
    ...common,
    issuer: text("URL", "The issuer of the authorization server."),
    tokenUrl: text("URL", "Its token endpoint, if it has no metadata."),
    clientId: text("ID", "The client id."),
    authentication: choice("METHOD", methods, "The method by which the client proves itself. Default: by its secret."),
    basicEncoding: choice("ENCODING", ["form", "raw"], "The encoding of the secret in the Authorization header."),
    privateKeyFile: text("FILE", "The private key for private_key_jwt, as PEM.", { completes: "file" }),
    privateKeyId: text("ID", "The id of the key at the authorization server (kid)."),
    certificateFile: text("FILE", "The certificate of the client, as PEM.", { completes: "file" }),
    certificateKeyFile: text("FILE", "The private key of the certificate, as PEM.", { completes: "file" }),
    secretFile: text("FILE", "The file that holds the client secret.", { completes: "file" }),
    secretCommand: text("COMMAND", "The command that prints the client secret."),
    secretPrompt: flag("Prompt for the client secret each time a token is requested."),
    secretStdin: flag("Read the client secret from standard input now, and keep it in a file of mode 0600."),
    apiBaseUrl: text("URL", "The base URL of the API."),
    audience: text("TEXT", "The audience to request."),
    resource: text("URI", "The resource to request."),
    scope: text("TEXT", "The scope to request."),
    tokensPerDay: text("NUMBER", "Tokens that the server issues in a day."),
    caFile: text("FILE", "The certificate authority to trust, as PEM, where it is a private one.", {
      completes: "file"
    }),
    force: flag("Replace the profile if it exists.")
  },
  () => import("./commands/init.js")
)

const all: Readonly<Record<CommandName, Command>> = {
  init,
  doctor,
  call,
  token,
  exec,
  inspect,
  status,
  budget,
  revoke,
  simulate,
  sandbox
}

export const commands: ReadonlyMap<string, Command> = new Map(commandNames.map((name) => [name, all[name]]))

/**
 * The commands and their options. What a command does is loaded when it is run, so that the others cost no time.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as CommandDescriptor from "@effect/cli/CommandDescriptor"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Span from "@effect/cli/HelpDoc/Span"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"

import * as commandLine from "./commandLine.js"
import { type Common, type Ended, run } from "./run.js"
import type { Screen } from "./Screen.js"
import { serverNames } from "./serverNames.js"
import { version } from "./version.js"

interface Module<A> {
  readonly run: (options: A) => Effect.Effect<Ended, unknown, Screen>
}

const running = <A extends Common>(load: () => Promise<Module<A>>) => (options: A): Effect.Effect<void> =>
  run(options, Effect.flatMap(Effect.promise(load), (module) => module.run(options)))

const flag = (name: string, description: string) => Options.withDescription(Options.boolean(name), description)

const text = (name: string, what: string, description: string) =>
  Options.text(name).pipe(Options.withPseudoName(what), Options.withDescription(description), Options.optional)

const common = {
  profile: text(
    "profile",
    "name",
    "The profile to use; without one, EFFECT_OAUTH_PROFILE, the environment or \"default\"."
  ),
  quiet: flag("quiet", "Say nothing but results and errors."),
  verbose: flag("verbose", "Show the requests and answers on standard error, without what is secret.")
}

const token = Command.make(
  "token",
  {
    ...common,
    json: flag("json", "Print what the server said, as JSON, with the time it expires."),
    header: flag("header", "Print the Authorization header."),
    exec: text(
      "exec",
      "command",
      "Run a command in the shell, with the token in OAUTH_ACCESS_TOKEN: never as an argument, which others can see."
    ),
    fresh: flag("fresh", "Ask for another token than the one that is kept.")
  },
  running(() => import("./commands/token.js"))
).pipe(Command.withDescription("Print an access token: the one that is kept, or a new one."))

const call = Command.make(
  "call",
  {
    ...common,
    args: Args.text({ name: "METHOD URL ITEM" }).pipe(
      Args.withDescription(
        "A method (or none: GET, or POST if there is a body), a path of the API or a URL, and request items: Header:value, " +
          "Header: (none), Header; (empty), name==value (query), key=value and key:=json (body), key=@file, key:=@file, " +
          "@file (the body), key@file (upload, with --form). Keys nest: user[name]=Ada tags[]=a."
      ),
      Args.repeated
    ),
    form: Options.boolean("form").pipe(
      Options.withAlias("f"),
      Options.withDescription("The body is a form; with files, multipart.")
    ),
    multipart: flag("multipart", "The body is a multipart form, with files or without."),
    boundary: text("boundary", "text", "The boundary of a multipart form."),
    raw: text("raw", "text", "The body itself."),
    ignoreStdin: Options.boolean("ignore-stdin").pipe(
      Options.withAlias("I"),
      Options.withDescription("Leave standard input alone, in loops that read from it.")
    ),
    print: Options.text("print").pipe(
      Options.withAlias("p"),
      Options.withPseudoName("HBhb"),
      Options.withDescription(
        "What to show: the request's headers (H) and body (B), the answer's headers (h) and body (b)."
      ),
      Options.optional
    ),
    headers: flag("headers", "Show the headers of the answer only."),
    body: Options.boolean("body").pipe(
      Options.withAlias("b"),
      Options.withDescription("Show the body of the answer only, as in a pipe.")
    ),
    pretty: Options.choice("pretty", ["all", "colors", "format", "none"]).pipe(
      Options.withDescription("How to show it: all on a terminal, none elsewhere."),
      Options.optional
    ),
    download: Options.boolean("download").pipe(
      Options.withAlias("d"),
      Options.withDescription("Put the answer into a file, with progress.")
    ),
    output: Options.text("output").pipe(
      Options.withAlias("o"),
      Options.withPseudoName("file"),
      Options.withDescription("Which file; it is replaced."),
      Options.optional
    )
  },
  running(() => import("./commands/call.js"))
).pipe(Command.withDescription("Call the API, in the syntax of HTTPie."))

const inspect = Command.make(
  "inspect",
  { ...common, json: flag("json", "As JSON.") },
  running(() => import("./commands/inspect.js"))
).pipe(Command.withDescription("Show what is known of the token, and the claims in it if it is a JWT."))

const status = Command.make(
  "status",
  { ...common, all: flag("all", "Of all profiles, and the environment."), json: flag("json", "As JSON.") },
  running(() => import("./commands/status.js"))
).pipe(
  Command.withDescription("Show the tokens that are kept, how long they last, and how many may still be asked for.")
)

const budget = Command.make(
  "budget",
  {
    ...common,
    reset: flag("reset", "Count from zero again, where the server has done so."),
    json: flag("json", "As JSON.")
  },
  running(() => import("./commands/budget.js"))
).pipe(Command.withDescription("Show how many tokens are counted, and when there is room again."))

const revoke = Command.make(
  "revoke",
  { ...common, forget: flag("forget", "Only forget it here, where the server revokes none.") },
  running(() => import("./commands/revoke.js"))
).pipe(Command.withDescription("Revoke the token that is kept, and forget it."))

const doctor = Command.make(
  "doctor",
  {
    ...common,
    path: text("path", "path", "What to call in the end, by GET. Without it: the base URL of the API."),
    json: flag("json", "As JSON.")
  },
  running(() => import("./commands/doctor.js"))
).pipe(Command.withDescription("Go the whole way to a first call, and say what to do where it ends. Costs a token."))

const simulate = Command.make(
  "simulate",
  {
    ...common,
    fleet: Options.integer("fleet").pipe(
      Options.withDefault(10),
      Options.withDescription("How many processes run at the same time.")
    ),
    restarts: Options.float("restarts").pipe(
      Options.withDefault(4),
      Options.withDescription("How often each of them is restarted in a day: 4, or 0.5 for every other day.")
    ),
    tokenLife: Options.text("token-life").pipe(
      Options.withPseudoName("duration"),
      Options.withDefault("24h"),
      Options.withDescription("How long a token lasts: 24h, 15min, 3600s.")
    ),
    limit: Options.integer("limit").pipe(
      Options.withDefault(50),
      Options.withDescription("How many tokens the server gives in a day.")
    ),
    json: flag("json", "As JSON.")
  },
  running(() => import("./commands/simulate.js"))
).pipe(Command.withDescription("Compute how many tokens a fleet asks for in a day."))

const sandbox = Command.make(
  "sandbox",
  {
    ...common,
    port: Options.integer("port").pipe(
      Options.withDefault(0),
      Options.withDescription(
        "The port of the authorization server; the API gets the next one. Without it, two free ports."
      )
    ),
    host: Options.text("host").pipe(
      Options.withPseudoName("address"),
      Options.withDefault("127.0.0.1"),
      Options.withDescription("The address to listen on.")
    ),
    dailyLimit: Options.integer("daily-limit").pipe(
      Options.withDescription("How many tokens the server gives in a day. Without it, any number."),
      Options.optional
    ),
    jwt: flag("jwt", "The access tokens are JWTs, with their keys at a URL."),
    server: Options.choice("server", serverNames).pipe(
      Options.withDescription("The server that it behaves as. Without it, the standards, strictly."),
      Options.optional
    ),
    json: flag("json", "Print the variables as JSON.")
  },
  running(() => import("./commands/sandbox.js"))
).pipe(
  Command.withDescription("Start an authorization server and an API on this machine, for tests in any language.")
)

const init = Command.make(
  "init",
  {
    ...common,
    issuer: text("issuer", "url", "What the authorization server calls itself."),
    tokenUrl: text("token-url", "url", "Its token endpoint, if it has no metadata."),
    clientId: text("client-id", "id", "The client id."),
    secretFile: text("secret-file", "file", "The file that holds the client secret."),
    secretCommand: text("secret-command", "command", "The command that prints the client secret."),
    secretPrompt: flag("secret-prompt", "Ask for the client secret each time a token is needed."),
    secretStdin: flag("secret-stdin", "Read the client secret from standard input now, and keep it in a file of 0600."),
    apiBaseUrl: text("api-base-url", "url", "Where the API stands."),
    audience: text("audience", "text", "The audience to ask for."),
    resource: text("resource", "uri", "The resource to ask for."),
    scope: text("scope", "text", "The scope to ask for."),
    tokensPerDay: text("tokens-per-day", "number", "How many tokens the server gives in a day."),
    caFile: text("ca-file", "file", "The certificate authority to trust, as PEM, where it is a private one."),
    force: flag("force", "Replace the profile that is there.")
  },
  running(() => import("./commands/init.js"))
).pipe(Command.withDescription("Write a profile: asks for what the options leave open."))

const root = Command.make("effect-oauth").pipe(
  Command.withDescription("Tokens by OAuth 2.0 client credentials, and calls with them."),
  Command.withSubcommands([token, call, inspect, status, budget, revoke, doctor, simulate, sandbox, init])
)

/** The commands and options as they may be written. */
export const grammar: commandLine.Grammar = new Map(
  Array.from(
    Command.getSubcommands(root),
    ([name, one]) => [name, commandLine.command(CommandDescriptor.getUsage(one))]
  )
)

/** Everything from the arguments on. */
export const cli = Command.run(root, {
  name: "effect-oauth",
  version,
  executable: "effect-oauth",
  summary: Span.text("OAuth 2.0 client credentials on the command line"),
  footer: HelpDoc.p("effect-oauth COMMAND --help tells more.")
})

/**
 * The command line of `npm start`.
 */
import { parseArgs } from "node:util"

import { Either } from "effect"

export type Command =
  | { readonly _tag: "Demonstrate"; readonly calls: number; readonly concurrency: number }
  | { readonly _tag: "Call"; readonly method: Method; readonly url: string }
  | { readonly _tag: "Help" }

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const

export type Method = typeof methods[number]

export const usage =
  `npm start                          many calls, a revocation, and as many calls again, on embedded servers
npm start -- --calls 10000         the number of calls in each wave (default 1000; or CALLS=10000)
npm start -- --concurrency 20      the number of concurrent calls (default 100)
npm start -- --effect 3            on one major of Effect (default: both, and 4 for a call to your own API)
npm start -- GET /some/path        one call to your own API, with these variables set:
                                   OAUTH_TOKEN_URL, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, API_BASE_URL, and
                                   OAUTH_AUDIENCE or OAUTH_SCOPE if your authorization server requires them`

const count = (name: string, text: string) =>
  /^[1-9]\d{0,6}$/.test(text)
    ? Either.right(Number(text))
    : Either.left(`${name}: expected a positive integer up to 9999999`)

export const parse = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): Either.Either<Command, string> =>
  Either.gen(function*() {
    const { positionals, values } = yield* Either.try({
      try: () =>
        parseArgs({
          args: [...args],
          allowPositionals: true,
          options: { calls: { type: "string" }, concurrency: { type: "string" }, help: { type: "boolean", short: "h" } }
        }),
      catch: (error) => `${error instanceof Error ? error.message : String(error)}\n\n${usage}`
    })
    if (values.help === true) return { _tag: "Help" } as const

    const [name, url, ...rest] = positionals
    if (name === undefined) {
      return {
        _tag: "Demonstrate",
        calls: yield* count("--calls (CALLS)", values.calls ?? (environment["CALLS"] || "1000")),
        concurrency: yield* count("--concurrency", values.concurrency ?? "100")
      } as const
    }
    const method = methods.find((known) => known === name.toUpperCase())
    if (method === undefined || url === undefined || rest.length > 0) {
      return yield* Either.left(`Expected a method (${methods.join(", ")}) and a path, as in GET /items\n\n${usage}`)
    }
    return { _tag: "Call", method, url } as const
  })

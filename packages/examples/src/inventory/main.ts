import { HttpClientRequest } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Console, Effect, Either, Layer } from "effect"

import * as Embedded from "../embedded/environment.js"
import { Problem } from "../problem.js"
import * as Arguments from "./arguments.js"
import { explain } from "./explain.js"
import * as Report from "./report.js"
import * as Waves from "./waves.js"

const number = new Intl.NumberFormat("en")

/** Shows the progress of the calls in a line on a terminal. */
const progressLine = (total: number) => {
  if (!process.stderr.isTTY) return { update: () => {}, clear: Effect.void }
  let shown = -1
  return {
    update: (done: number) => {
      const percent = Math.floor(100 * done / total)
      if (percent !== shown) process.stderr.write(`\r${number.format(done)} of ${number.format(total)} calls`)
      shown = percent
    },
    clear: Effect.sync(() => void process.stderr.write("\r\x1b[K"))
  }
}

const demonstrate = ({ calls, concurrency }: { readonly calls: number; readonly concurrency: number }) =>
  Effect.gen(function*() {
    const { authorizationServer, inventory, inventorySync } = yield* Embedded.start
    yield* Console.log(
      `\n${number.format(calls)} typed calls on one token; the token is revoked; ${number.format(calls)} calls more.\n`
    )
    const progress = progressLine(2 * calls)
    const Api = ClientCredentials.layer({
      tokenUrl: authorizationServer.tokenUrl,
      clientId: inventorySync.id,
      clientSecret: inventorySync.secret,
      apiBaseUrl: inventory.baseUrl,
      allowHttpLoopback: true
    })
    const rows = yield* Waves.run({
      calls,
      concurrency,
      authorizationServer,
      inventory,
      client: inventorySync,
      progress: progress.update
    }).pipe(
      Effect.provide(Api),
      Effect.ensuring(progress.clear)
    )
    yield* Console.log(Report.table(rows))
    if (rows[0].tokens !== 1 || rows[1].tokens !== 2) {
      return yield* new Problem({ message: "Expected one token for the first wave and two in all" })
    }
  })

const Api = ClientCredentials.layerEnv().pipe(Layer.provide(NodeTls.layerEnv()))

const call = ({ method, url }: { readonly method: Arguments.Method; readonly url: string }) =>
  Effect.gen(function*() {
    const api = yield* ApiClient.ApiClient
    const response = yield* api.execute(HttpClientRequest.make(method)(url))
    yield* Console.error(`${response.status} ${response.headers["content-type"] ?? ""}`)
    yield* Console.log(yield* response.text)
    if (response.status >= 400) process.exitCode = 1
  }).pipe(Effect.provide(Api))

const program = Effect.gen(function*() {
  const command = yield* Either.mapLeft(
    Arguments.parse(process.argv.slice(2), process.env),
    (message) => new Problem({ message })
  )
  switch (command._tag) {
    case "Demonstrate":
      return yield* Effect.scoped(demonstrate(command))
    case "Call":
      return yield* call(command)
    case "Help":
      return yield* Console.log(Arguments.usage)
  }
}).pipe(
  Effect.tapError((error) => Console.error(explain(error))),
  Effect.provide(Layer.mergeAll(NodeHttpClient.layerUndici, NodeContext.layer))
)

NodeRuntime.runMain(program, { disableErrorReporting: true })

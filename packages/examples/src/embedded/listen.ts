import type * as Http from "node:http"
import type { AddressInfo } from "node:net"

import { Effect } from "effect"

/** Listens on a free port of 127.0.0.1 until the scope closes; returns the origin. */
export const listen = (server: Http.Server) =>
  Effect.acquireRelease(
    Effect.async<string>((resume) => {
      server.once("error", (error) => resume(Effect.die(error)))
      server.listen(0, "127.0.0.1", () => {
        resume(Effect.succeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
      })
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

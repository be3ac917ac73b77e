/**
 * The server on loopback, as a separate process. It ends with the process that started it.
 */
import type { AddressInfo } from "node:net"

import { serverOf } from "./transport/listener.js"
import * as World from "./world.js"

const server = serverOf(World.make())
server.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})
process.on("disconnect", () => process.exit(0))

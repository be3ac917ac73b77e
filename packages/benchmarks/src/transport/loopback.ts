/**
 * Sockets on loopback. All contenders have the same number of connections, whatever the default of their stack.
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { Agent } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"

import * as Undici from "@effect/platform-node/Undici"

import type { Stacks, Surroundings } from "../contender.js"
import { client, fixedToken, paths, type World } from "../world.js"
import { serverOf } from "./listener.js"

export const connections = 64

export interface Loopback {
  readonly surroundings: Surroundings
  readonly close: () => Promise<void>
}

export const at = (port: number, stacks: Stacks): Surroundings => ({
  tokenUrl: `http://127.0.0.1:${port}${paths.token}`,
  apiUrl: `http://127.0.0.1:${port}`,
  clientId: client.id,
  clientSecret: client.secret,
  fixedToken,
  stacks
})

const openStacks = () => {
  // The `fetch` of Node.js accepts the dispatcher of this package.
  const previous = Undici.getGlobalDispatcher()
  const dispatcher = new Undici.Agent({ connections })
  Undici.setGlobalDispatcher(dispatcher)
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const stacks: Stacks = {
    fetch: globalThis.fetch,
    dispatcher,
    axios: { httpAgent: agent },
    gaxios: { agent },
    // simple-oauth2 clones the agent, including its sockets.
    agent: undefined
  }
  const close = async () => {
    Undici.setGlobalDispatcher(previous)
    agent.destroy()
    await dispatcher.destroy()
  }
  return { stacks, close }
}

/** Starts a server in this process. */
export const serve = async (world: World): Promise<Loopback> => {
  const server = serverOf(world)
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { close, stacks } = openStacks()
  return {
    surroundings: at((server.address() as AddressInfo).port, stacks),
    close: async () => {
      await close()
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
}

const portOf = async (child: ChildProcess): Promise<number> => {
  const [message] = await once(child, "message") as [{ readonly port: number }]
  return message.port
}

/** Starts a server in a separate process, so that its work does not count as that of the clients. */
export const serveApart = async (): Promise<Loopback> => {
  const child = fork(fileURLToPath(new URL("../server.js", import.meta.url)), { stdio: "inherit", execArgv: [] })
  const port = await portOf(child)
  const { close, stacks } = openStacks()
  return {
    surroundings: at(port, stacks),
    close: async () => {
      await close()
      const ended = once(child, "exit")
      child.disconnect()
      await ended
    }
  }
}

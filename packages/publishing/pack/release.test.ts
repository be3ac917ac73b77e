/** The packages that a release publishes: by the release script, into a registry of this test. */
import { once } from "node:events"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"

import { assert, it } from "vitest"

import { published, publishedForEffect4 } from "../../../scripts/published.mjs"
import { succeed } from "./run.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))

interface Package {
  readonly name: string
  readonly versions: Readonly<Record<string, object>>
  readonly "dist-tags": Readonly<Record<string, string>>
}

/** A registry that stores published packages as npm does, and records them in order. */
const registry = async () => {
  const has = new Map<string, Package>()
  const put: Array<Pick<Package, "name" | "dist-tags">> = []
  const server = Http.createServer(async (request, response) => {
    const name = decodeURIComponent(request.url?.slice(1) ?? "")
    const known = has.get(name)
    if (request.method === "PUT") {
      let text = ""
      for await (const chunk of request) text += chunk
      const { "dist-tags": tags, versions }: Package = JSON.parse(text)
      put.push({ name, "dist-tags": tags })
      has.set(name, {
        name,
        versions: { ...known?.versions, ...versions },
        "dist-tags": { ...known?.["dist-tags"], ...tags }
      })
      response.writeHead(201).end("{}")
    } else response.writeHead(known === undefined ? 404 : 200).end(JSON.stringify(known ?? { error: "Not found" }))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    put,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
}

it("a release publishes Effect 4 as latest and Effect 3 under its tag, and a second run publishes nothing", async () => {
  await using there = await registry()
  const release = () =>
    succeed(process.execPath, ["scripts/release.mjs", "--no-git-tag"], {
      cwd: root,
      env: {
        ...process.env,
        npm_config_registry: `http://${there.host}/`,
        [`npm_config_//${there.host}/:_authToken`]: "a-token",
        // The existing build is published unchanged.
        npm_config_ignore_scripts: "true",
        npm_config_update_notifier: "false"
      }
    })
  await release()
  assert.deepStrictEqual(there.put, [
    ...publishedForEffect4(root).map(({ name, version }) => ({ name, "dist-tags": { latest: version } })),
    ...published(root).map(({ name, version }) => ({
      name,
      "dist-tags": { [name === "@effect-oauth/cli" ? "latest" : "effect-3"]: version }
    }))
  ])
  const before = there.put.length
  await release()
  assert.lengthOf(there.put, before)
})

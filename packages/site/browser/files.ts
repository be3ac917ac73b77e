import { once } from "node:events"
import { existsSync, readFileSync, statSync } from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The site that `npm run site` builds. */
export const built = fileURLToPath(new URL("../build/site", import.meta.url))

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".woff2": "font/woff2"
}

/** Returns the file of a path, as a server of static files finds it; undefined without one. */
export const fileOf = (path: string): string | undefined =>
  [join(built, path, "index.html"), join(built, path), `${join(built, path)}.html`].find((file) =>
    existsSync(file) && statSync(file).isFile()
  )

/** Serves the site on a free port. */
export const serve = async () => {
  const server = Http.createServer((request, response) => {
    const file = fileOf(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname))
    if (file === undefined) return response.writeHead(404).end()
    return response.setHeader("content-type", types[extname(file)] ?? "text/plain").end(readFileSync(file))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}

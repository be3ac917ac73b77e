/**
 * The choice of the client that makes the connections.
 */
import { assert, describe, it } from "@effect/vitest"

import * as network from "../src/internal/network.js"
import { tlsVariables } from "../src/internal/variables.js"

describe("connections", () => {
  it("are those of Node, unless certificates, keys, versions or proxies are configured", () => {
    assert.isFalse(network.isConfigured({}, {}))
    assert.isFalse(network.isConfigured({ OAUTH_CLIENT_ID: "a" }, { PATH: "/bin", https_proxy: "", NO_PROXY: "*" }))
    for (const variable of tlsVariables) assert.isTrue(network.isConfigured({ [variable]: "x" }, {}), variable)
    for (const variable of ["http_proxy", "https_proxy", "all_proxy", "NODE_TLS_REJECT_UNAUTHORIZED"]) {
      for (const name of [variable, variable.toUpperCase()]) {
        assert.isTrue(network.isConfigured({}, { [name]: "x" }), name)
        assert.isTrue(network.isConfigured({ [name]: "x" }, {}), name)
      }
    }
  })
})

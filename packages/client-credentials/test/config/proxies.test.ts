import { assert, it } from "@effect/vitest"

import * as proxies from "../../src/internal/config/proxies.js"

const read = (values: Readonly<Record<string, string>>) => proxies.read((name) => values[name])

it("the lower case of a proxy variable takes precedence; an empty one counts as unset", () => {
  const both = { https_proxy: "http://a:1", HTTPS_PROXY: "http://b:2", ALL_PROXY: "http://c:3", NO_PROXY: "x" }
  assert.deepStrictEqual(read(both).proxies, { https: "http://a:1/", http: "http://c:3/", except: "x" })
  assert.strictEqual(read({ ...both, https_proxy: " " }).proxies.https, "http://b:2/")
  assert.strictEqual(read({ ...both, https_proxy: "", HTTPS_PROXY: "" }).proxies.https, "http://c:3/")
  assert.strictEqual(read({ ...both, no_proxy: "" }).proxies.except, "x")
  assert.deepStrictEqual(read({ ...both, no_proxy: "*" }).proxies, { https: "", http: "", except: "*" })
  assert.deepStrictEqual(read({}).proxies, { https: "", http: "", except: "" })
})

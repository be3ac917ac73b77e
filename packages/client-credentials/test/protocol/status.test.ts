import { assert, it } from "@effect/vitest"

import { isRedirection, isSuccess, isTransient } from "../../src/internal/protocol/status.js"

it("the temporary statuses are 408, 425, 429 and 5xx", () => {
  const found = [200, 400, 401, 403, 404, 407, 408, 409, 424, 425, 426, 428, 429, 430, 499, 500, 503, 599]
    .filter(isTransient)
  assert.deepStrictEqual(found, [408, 425, 429, 500, 503, 599])
})

it("all statuses of 3xx are redirections, and no other", () => {
  assert.deepStrictEqual([100, 200, 299, 300, 304, 308, 399, 400, 500].filter(isRedirection), [300, 304, 308, 399])
})

it("all statuses of 2xx are successful, and no other", () => {
  assert.deepStrictEqual([100, 199, 200, 204, 206, 299, 300, 400, 500].filter(isSuccess), [200, 204, 206, 299])
})

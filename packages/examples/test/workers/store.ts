/** The module of a worker with the Durable Objects of the guide, whose clock is set by a test. */
export { TokenStoreObject } from "../../src/guides/serverless/durableObject.js"

const { now } = Date
let ahead = 0
Date.now = () => now() + ahead

export default {
  fetch: (request: Request): Response => {
    ahead += Number(new URL(request.url).searchParams.get("millis"))
    return new Response()
  }
}

/**
 * Test layers for programs that call APIs protected by OAuth 2.0.
 *
 * @since 0.1.0
 */

/**
 * What can go wrong on the way to a server and back.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * How many tokens a fleet will cost.
 *
 * @since 0.1.0
 */
export * as Fleet from "./Fleet.js"

/**
 * Layers for tests: a client, its authorization server and its API in memory.
 *
 * @since 0.1.0
 */
export * as OAuthTest from "./OAuthTest.js"

/**
 * A protected API in memory.
 *
 * @since 0.1.0
 */
export * as TestApi from "./TestApi.js"

/**
 * An authorization server in memory.
 *
 * @since 0.1.0
 */
export * as TestAuthorizationServer from "./TestAuthorizationServer.js"

/**
 * Token caches for tests that are about something else.
 *
 * @since 0.1.0
 */
export * as TestTokenCache from "./TestTokenCache.js"

/**
 * A clock that is advanced by the test.
 *
 * @since 0.1.0
 */
export * as VirtualClock from "./VirtualClock.js"

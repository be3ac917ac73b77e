/**
 * Test layers for programs that call APIs protected by OAuth 2.0.
 *
 * @since 3.0.0
 */

/**
 * Faults of servers and networks.
 *
 * @since 3.0.0
 */
export * as Fault from "./Fault.js"

/**
 * Simulation of the token requests of a fleet.
 *
 * @since 3.0.0
 */
export * as Fleet from "./Fleet.js"

/**
 * Layers for tests: a client, its authorization server and its API in memory.
 *
 * @since 3.0.0
 */
export * as OAuthTest from "./OAuthTest.js"

/**
 * A protected API in memory.
 *
 * @since 3.0.0
 */
export * as TestApi from "./TestApi.js"

/**
 * An authorization server in memory.
 *
 * @since 3.0.0
 */
export * as TestAuthorizationServer from "./TestAuthorizationServer.js"

/**
 * Token caches for tests of other code.
 *
 * @since 3.0.0
 */
export * as TestTokenCache from "./TestTokenCache.js"

/**
 * A clock that is advanced by the test.
 *
 * @since 3.0.0
 */
export * as VirtualClock from "./VirtualClock.js"

/**
 * A fleet's token store on Redis.
 *
 * @since 0.1.0
 */

/**
 * The token store on Redis.
 *
 * @since 0.1.0
 */
export * as RedisTokenStore from "./RedisTokenStore.js"

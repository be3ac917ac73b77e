declare module "axios-token-interceptor" {
  import type { InternalAxiosRequestConfig } from "axios"

  interface Options<T> {
    readonly getToken: () => Promise<T>
    readonly headerFormatter: (token: T) => string
  }

  const tokenProvider: {
    <T>(options: Options<T>): (config: InternalAxiosRequestConfig) => Promise<InternalAxiosRequestConfig>
    tokenCache<T>(getToken: () => Promise<T>, options: { readonly getMaxAge: (token: T) => number }): () => Promise<T>
  }
  export default tokenProvider
}

import { TokenStore } from "@effect-oauth/client-credentials"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"

TokenStoreTest.suite("my store", TokenStore.layerMemory)

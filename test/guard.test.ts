import { runFolders } from './run-folders.js'

await runFolders('guard')

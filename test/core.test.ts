import { runFolders } from './run-folders.js'

await runFolders('wire', 'messages', 'netcode', 'protocol', 'properties')

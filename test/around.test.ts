import { runFolders } from './run-folders.js'

await runFolders('arena', 'bin', 'documents')

import { runFolders } from './run-folders.js'

await runFolders('io', 'endpoint', 'sessions', 'simulator', 'types')

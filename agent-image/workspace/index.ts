export { type Gateway, openWorkspace, type WorkspaceOptions } from './open.ts';
export { type Commit, Workspace } from './workspace.ts';

/** GitHub's names of fine-grained permissions (`contents`, `checks`, …) with what is granted. */
export type AppPermissions = Readonly<Record<string, 'read' | 'write' | 'admin'>>;

/** An App on an account: which repositories, with what permissions. */
export interface InstallationRow {
  id: number;
  appId: number;
  accountId: number;
  selection: 'all' | 'selected';
  /** The repositories of a selection; empty for all. */
  repoIds: number[];
  permissions: AppPermissions;
  suspendedAt: string | null;
  suspendedById: number | null;
  createdAt: string;
  updatedAt: string;
}

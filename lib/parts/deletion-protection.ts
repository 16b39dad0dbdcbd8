/**
 * Attributes of a resource that Terraform refuses to delete or rename. `prevent_destroy` refuses in
 * the plan, `deletion_protection` also where the resource is no longer in the code.
 *
 * @param isProtected false allows both
 */
export function protectedFromDeletion(isProtected: boolean) {
  return {
    deletionProtection: isProtected,
    lifecycle: isProtected ? { preventDestroy: true } : undefined,
  };
}

import { type Access, allows, type Binding } from "@cdktf-serverless-ml/emulator";
import { customRoles, type Stack, shortAccount } from "@cdktf-serverless-ml/terraform-json";

/**
 * A part of a stack's IAM that a run can leave out: a member of an IAM resource, or a permission of
 * a custom role.
 */
export interface RemovableGrant {
  /** Address of the Terraform resource. */
  readonly address: string;
  readonly role: string;
  /** Absent for a permission of a custom role. */
  readonly member?: string;
  /**
   * Full name of the resource that the role is granted on. Absent for a permission of a custom
   * role.
   */
  readonly resource?: string;
  /** The permission of a custom role. Absent for a member. */
  readonly permission?: string;
  /** A binding without this grant. True: unchanged, false: nothing is left. */
  readonly without: (binding: Binding) => Binding | boolean;
  /** Whether it allows a call, alone or with other grants. */
  readonly allows: (access: Access) => boolean;
}

/** All grants of a stack, without those that Google makes to its service agents. */
export function removableGrants({ resources, defaults }: Stack, bindings: readonly Binding[]): RemovableGrant[] {
  const { project } = defaults;
  const addresses = new Set(resources.map(({ address }) => address));
  const own = bindings.filter(({ address }) => addresses.has(address));
  return [...membersOf(own, project), ...permissionsOf(resources, own, project)];
}

/** Each member of an `_iam_binding` is one grant, even if the binding names it twice. */
function membersOf(own: readonly Binding[], project: string): RemovableGrant[] {
  const byMember = new Map(own.map((binding) => [`${binding.address} ${binding.member}`, binding]));
  return [...byMember.values()].map(({ address, role, member, resource }) => {
    const isIt = (binding: Binding) => binding.address === address && binding.member === member;
    return {
      address,
      role,
      member,
      resource,
      without: (binding) => !isIt(binding),
      allows: (access) => own.some((binding) => isIt(binding) && allows(binding, access, project)),
    };
  });
}

function permissionsOf(resources: Stack["resources"], own: readonly Binding[], project: string): RemovableGrant[] {
  return resources.flatMap((resource) =>
    [...customRoles([resource], project)].flatMap(([role, permissions]) =>
      [...new Set(permissions)].map((permission) => ({
        address: resource.address,
        role,
        permission,
        without: (binding: Binding) =>
          binding.role !== role || {
            ...binding,
            permissions: new Set([...binding.permissions].filter((other) => other !== permission)),
          },
        allows: (access: Access) =>
          access.permission === permission &&
          own.some((binding) => binding.role === role && allows(binding, access, project)),
      })),
    ),
  );
}

/** Role, member and resource, in short. */
export function grantText({ role, member, resource, permission }: RemovableGrant): string {
  const name = role.replace(/^roles\//, "").replace(/^projects\/[^/]+\/roles\//, "custom role ");
  if (permission !== undefined) return `${permission} in ${name}`;
  return `${name} for ${shortAccount(member ?? "")} on ${shortResource(resource ?? "")}`;
}

/**
 * `queue q` of `projects/p/locations/l/queues/q`, `bucket b` of `projects/_/buckets/b/objects/o`.
 */
export function shortResource(resource: string): string {
  const [, bucket, object] = /^projects\/_\/buckets\/([^/]+)(?:\/objects\/(.+))?$/.exec(resource) ?? [];
  if (bucket !== undefined) return object === undefined ? `bucket ${bucket}` : `gs://${bucket}/${object}`;
  const segments = resource.split("/");
  if (segments.length <= 2) return `project ${segments[1] ?? resource}`;
  const [collection = "", name = ""] = segments.slice(-2);
  return `${collection.replace(/s$/, "")} ${shortAccount(name)}`;
}

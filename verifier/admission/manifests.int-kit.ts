import { parse } from 'yaml';
import type { Manifest } from '#domain';

export const NAMESPACE = 'shop';

export const text = (yaml: string) => parse(yaml) as Manifest;

export const T3 = 'rig.dashecorp.com/tier';
/** What a TierPolicy lists, or a label guards; the names are those of what is there. */
export const manifests: readonly (readonly [what: string, manifest: Manifest])[] = [
  [
    'a Secret with text in it',
    text(`{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: ${NAMESPACE}}, stringData: {password: grün}}`),
  ],
  [
    'a ServiceAccount',
    text(`{apiVersion: v1, kind: ServiceAccount, metadata: {name: worker, namespace: ${NAMESPACE}}}`),
  ],
  [
    'a Role',
    text(
      `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader, namespace: ${NAMESPACE}}, rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]}`,
    ),
  ],
  [
    'a RoleBinding',
    text(
      `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: readers, namespace: ${NAMESPACE}}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}, subjects: [{kind: User, name: ada}, {kind: ServiceAccount, name: worker, namespace: ${NAMESPACE}}]}`,
    ),
  ],
  [
    'a PersistentVolumeClaim',
    text(
      `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: ${NAMESPACE}}, spec: {storageClassName: "", accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`,
    ),
  ],
  [
    'a Job that migrates',
    text(`
apiVersion: batch/v1
kind: Job
metadata: { name: migrate, namespace: ${NAMESPACE}, labels: { rig.dashecorp.com/migration: "true" } }
spec:
  template:
    metadata: { labels: { app: shop } }
    spec:
      restartPolicy: Never
      serviceAccountName: worker
      volumes: [{ name: config, configMap: { name: shop } }]
      containers:
        - name: migrate
          image: shop:v1
          ports: [{ containerPort: 80 }]
          env: [{ name: NODE, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }]
          readinessProbe: { httpGet: { path: /, port: 80 } }
          volumeMounts: [{ name: config, mountPath: /etc/shop }]
`),
  ],
  [
    'a ConfigMap that is labelled T3',
    text(
      `{apiVersion: v1, kind: ConfigMap, metadata: {name: switch, namespace: ${NAMESPACE}, labels: {${T3}: T3}}, data: {on: "yes"}}`,
    ),
  ],
  [
    'a ClusterRole',
    text(
      '{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: watcher}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}',
    ),
  ],
  [
    'a ClusterRoleBinding',
    text(
      '{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: watchers}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: watcher}, subjects: [{kind: Group, name: people, apiGroup: rbac.authorization.k8s.io}]}',
    ),
  ],
  [
    'a CustomResourceDefinition',
    text(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: orders.shop.example.com, creationTimestamp: null }
spec:
  group: shop.example.com
  scope: Namespaced
  names: { kind: Order, plural: orders }
  versions:
    - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }
`),
  ],
  [
    'a Namespace that is governed',
    text('{apiVersion: v1, kind: Namespace, metadata: {name: vault, labels: {rig.dashecorp.com/governed: "true"}}}'),
  ],
];

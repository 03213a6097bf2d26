import type { Rule } from '../judge.ts';

const BECOME = new Set([
  'sudo',
  'su',
  'doas',
  'pkexec',
  'runuser',
  'setpriv',
  'sudoedit',
  'gosu',
  'su-exec',
  'run0',
  'machinectl',
]);
const ESCAPE = new Set([
  'chroot',
  'nsenter',
  'unshare',
  'docker',
  'podman',
  'nerdctl',
  'ctr',
  'crictl',
  'systemctl',
  'systemd-run',
  'launchctl',
  'service',
  'crontab',
  'at',
  'batch',
  'insmod',
  'modprobe',
  'sysctl',
  'iptables',
  'nft',
  'reboot',
  'shutdown',
  'halt',
  'poweroff',
  'init',
  'telinit',
]);
const CLUSTER = new Set(['kubectl', 'oc', 'helm', 'k9s', 'kubeadm', 'flux', 'argocd', 'etcdctl']);
const PACKAGES = new Set([
  'apt',
  'apt-get',
  'aptitude',
  'dpkg',
  'yum',
  'dnf',
  'microdnf',
  'rpm',
  'apk',
  'pacman',
  'zypper',
  'brew',
  'snap',
  'flatpak',
  'port',
  'emerge',
  'nix-env',
  'installer',
  'pkg',
]);

/** Nobody becomes another user, leaves the sandbox, administers the machine or the cluster. */
export const privilege: Rule = ({ name, args }) => {
  if (BECOME.has(name)) return `${name} is refused: a task never acts as another user.`;
  if (ESCAPE.has(name)) return `${name} is refused: a task does not administer the machine it runs on.`;
  if (CLUSTER.has(name) || /^(kubectl|kubeadm)[-.]/.test(name))
    return `${name} is refused: a task does not act on a cluster.`;
  if (PACKAGES.has(name))
    return `${name} is refused: packages come from the repository's own manifest, not from the system's package manager.`;
  if (name === 'shopt' && args.some((arg) => arg.text === undefined || arg.text === 'expand_aliases'))
    return 'shopt expand_aliases is refused: an alias hides what a command does.';
  return undefined;
};

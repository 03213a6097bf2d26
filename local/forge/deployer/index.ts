export { Deployer } from './deployer.ts';
export { sitesApp } from './sites.ts';

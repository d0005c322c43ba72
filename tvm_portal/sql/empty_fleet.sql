-- Where all machines go: everything that is kept by machine and version at once, whatever its size. What the scores rest on stays, for
-- the next run to take out of the sums.
TRUNCATE inventory_installation, inventory_installationevidence, inventory_configurationresult, recommendations_exposure
